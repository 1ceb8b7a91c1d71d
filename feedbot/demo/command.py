async def demo(seconds: float | None) -> int:
    return 1
