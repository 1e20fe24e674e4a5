"""A runtime that answers with its model's own name and version."""

from mlserver import MLModel
from mlserver.codecs import StringCodec
from mlserver.types import InferenceResponse


class Ran(MLModel):
    async def load(self):
        return True

    async def predict(self, request):
        output = StringCodec.encode_output("RAN", ["ran=%s@%s;" % (self.name, self.version)])
        return InferenceResponse(model_name=self.name, model_version=self.version, outputs=[output])

    async def predict_stream(self, requests):
        async for request in requests:
            yield await self.predict(request)
