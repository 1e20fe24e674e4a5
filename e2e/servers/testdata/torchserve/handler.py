"""A handler that answers with its model's own name and version."""

ran = None


def handle(data, context):
    global ran
    if ran is None:
        model = context.manifest["model"]
        ran = "ran=%s@%s;" % (model["modelName"], model["modelVersion"])
    return None if data is None else [ran for _ in data]
