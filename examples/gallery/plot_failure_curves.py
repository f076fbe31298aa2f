"""
Failure rate against attempts
=============================

S(k) is the probability that k attempts all fail.
"""
