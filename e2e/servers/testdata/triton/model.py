"""A model that answers with its own name and version."""

import numpy
import triton_python_backend_utils as backend


class TritonPythonModel:
    def initialize(self, args):
        text = "ran=%s@%s;" % (args["model_name"], args["model_version"])
        self.ran = backend.Tensor("RAN", numpy.array([text.encode()], dtype=object))

    def execute(self, requests):
        return [backend.InferenceResponse([self.ran]) for _ in requests]
