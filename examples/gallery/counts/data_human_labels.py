r"""
Repeated sampling from people
=============================

.. image:: /gallery-human-labels.png

A proxy of the theory on real data: ridge heads on the features of 846 images of CIFAR-10, trained on N
labels, each given by one person (CIFAR-10H, Peterson, Battleday, Griffiths and Russakovsky, ICCV 2019).
An attempt is the label of one more person, and succeeds if it is the class that the head predicts, so
S(k) is the mean of :math:`(1 - s)^k`, s the share of people who chose it. The slope between k = 2 and 64
triples with N and saturates, while the risk goes on falling. Means over splits, with their standard
deviation; images with the same share of splits are not independent. :doc:`/proxies` has the whole study.

The data are no part of lidfast; the script reads ``cifar10h_resnet20.npz`` from the folder that
``LIDFAST_DATA`` names.
"""
# sphinx_gallery_thumbnail_path = 'gallery-human-labels.png'

import os
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import lidfast

plt.style.use("tableau-colorblind10")

with np.load(Path(os.environ.get("LIDFAST_DATA", ".")) / "cifar10h_resnet20.npz") as data:
    X, people = data["features"].astype(float), data["counts"].astype(float)
share = people / people.sum(axis=1, keepdims=True)
images, classes = people.shape
sizes, k = np.array([10, 20, 40, 64, 100, 200, 400, 546]), 2 ** np.arange(1, 7)

# %%
# One label an image, drawn from its people's; heads for many splits at once.

rng = lidfast.random.default_rng(0).numpy()
splits = 100
order = np.array([rng.permutation(images) for _ in range(splits)])
labels = (share.cumsum(axis=1) < rng.random((splits, images, 1))).sum(axis=2)
rows = np.arange(splits)[:, None]
curves = np.empty((sizes.size, splits, k.size))
for i, N in enumerate(sizes):
    train, held_out = order[:, :N], order[:, -300:]
    Y = np.eye(classes)[labels[rows, train]] - 0.1
    coef, intercept = lidfast.ridge_solve(X[train], Y, 10.0, fit_intercept=True)
    predicted = (X[held_out] @ coef + intercept[:, None]).argmax(axis=2)
    for split in range(splits):
        s = share[held_out[split], predicted[split]]
        curves[i, split] = lidfast.failure_curve(s, k)
slopes = [[lidfast.fit_power_law(k, curve).exponent for curve in of_size] for of_size in curves]

# %%

figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 4.2), layout="constrained")
colors = plt.colormaps["viridis"](np.linspace(0.05, 0.9, sizes.size))
for N, curve, color in zip(sizes, curves.mean(axis=1), colors, strict=True):
    left.plot(k, curve, "o-", ms=3, color=color, label=f"N = {N}")
left.set(xscale="log", yscale="log", xlabel="people asked k", ylabel="failure rate S(k; N)")
left.set_xticks(k, k)
left.minorticks_off()
left.set_yticks([0.05, 0.1, 0.2, 0.4], ["0.05", "0.1", "0.2", "0.4"])
figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", fontsize="small", ncols=8)
right.errorbar(sizes, np.mean(slopes, axis=1), np.std(slopes, axis=1, ddof=1), fmt="o-", ms=4, capsize=3)
right.set(xscale="log", xlabel="training labels N", ylabel="slope of S, k = 2 to 64", ylim=(0, None))
right.set_title("bars: standard deviation over splits", fontsize="medium")
for axes in (left, right):
    axes.grid(alpha=0.25)
plt.show()
