"""A client of TensorFlow Serving behind the gate, on the stubs of tensorflow-serving-api.

The connection has mutual TLS, with the root certificate of the servers. Each call carries
a service account's ID token in the metadata `authorization`. It prints the answer, or
the code and the message of a refusal:

    python client.py ADDRESS --root ca.crt --cert tls.crt --key tls.key --token-file token.jwt
"""

import argparse
import sys

import grpc


def stubs():
    """The stubs of tensorflow-serving-api need TensorFlow's own protos. All of TensorFlow has
    them, and so has the small package tensorflow-protobuf, but for one enumeration."""
    try:
        from tensorflow.core.protobuf import error_codes_pb2  # noqa: F401
    except ImportError:
        leave_no_gap()
    from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, predict_pb2
    from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

    return get_model_metadata_pb2, get_model_status_pb2, predict_pb2, model_service_pb2_grpc, prediction_service_pb2_grpc


def leave_no_gap():
    """tensorflow/core/protobuf/error_codes.proto: its values are gRPC's codes."""
    import types

    from google.protobuf import descriptor_pb2, descriptor_pool

    file = descriptor_pb2.FileDescriptorProto(
        name="tensorflow/core/protobuf/error_codes.proto", package="tensorflow.error", syntax="proto3")
    code = file.enum_type.add(name="Code")
    for status in grpc.StatusCode:
        code.value.add(name=status.name, number=status.value[0])
    descriptor_pool.Default().Add(file)
    module = types.ModuleType("tensorflow.core.protobuf.error_codes_pb2")
    module.xla_dot_tsl_dot_protobuf_dot_error__codes__pb2 = module
    sys.modules[module.__name__] = module
    sys.modules["tensorflow.core.protobuf"].error_codes_pb2 = module


def read(path):
    if path is None:
        return None
    with open(path, "rb") as file:
        return file.read()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("address")
    parser.add_argument("--root", help="the servers' root certificate; without it there is no TLS")
    parser.add_argument("--cert", help="the client's certificate")
    parser.add_argument("--key", help="its key")
    parser.add_argument("--token-file", help="the ID token")
    parser.add_argument("--host", default="models.example.com", help="the name in the gate's certificate")
    parser.add_argument("--model", default="half_plus_two")
    parser.add_argument("--call", choices=("predict", "metadata", "status"), default="predict")
    parser.add_argument("x", nargs="*", type=float, default=[1, 2, 5])
    args = parser.parse_args()
    metadata_pb2, status_pb2, predict_pb2, model_service, prediction_service = stubs()

    options = [("grpc.default_authority", args.host), ("grpc.enable_retries", 0)]
    if args.root:
        options.append(("grpc.ssl_target_name_override", args.host))
        credentials = grpc.ssl_channel_credentials(read(args.root), read(args.key), read(args.cert))
        channel = grpc.secure_channel(args.address, credentials, options)
    else:
        channel = grpc.insecure_channel(args.address, options)
    metadata = []
    if args.token_file:
        metadata.append(("authorization", "Bearer " + read(args.token_file).decode().strip()))

    try:
        if args.call == "predict":
            request = predict_pb2.PredictRequest()
            request.model_spec.name = args.model
            request.inputs["x"].dtype = 1  # DT_FLOAT
            request.inputs["x"].tensor_shape.dim.add(size=len(args.x))
            request.inputs["x"].float_val.extend(args.x)
            reply = prediction_service.PredictionServiceStub(channel).Predict(request, metadata=metadata, timeout=60)
            print("y =", list(reply.outputs["y"].float_val))
        elif args.call == "metadata":
            request = metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
            request.model_spec.name = args.model
            reply = prediction_service.PredictionServiceStub(channel).GetModelMetadata(request, metadata=metadata, timeout=60)
            signatures = metadata_pb2.SignatureDefMap()
            reply.metadata["signature_def"].Unpack(signatures)
            for name, signature in signatures.signature_def.items():
                print(f"{name}: {list(signature.inputs)} -> {list(signature.outputs)}")
        else:
            request = status_pb2.GetModelStatusRequest()
            request.model_spec.name = args.model
            reply = model_service.ModelServiceStub(channel).GetModelStatus(request, metadata=metadata, timeout=60)
            for version in reply.model_version_status:
                print(f"version {version.version}: {status_pb2.ModelVersionStatus.State.Name(version.state)}")
    except grpc.RpcError as error:
        print(error.code().name, error.details())


if __name__ == "__main__":
    main()
