from typing import Any

class Sampler:
    method: str
    parameters: tuple[Any, ...]
    def __init__(self, method: str, /, *args: Any, **kwargs: Any) -> None: ...
