package parsers

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	_ "google.golang.org/protobuf/types/known/wrapperspb" // which the requests import

	"github.com/modelgate/modelgate/internal/scan"
)

const (
	isString  = descriptorpb.FieldDescriptorProto_TYPE_STRING
	isBytes   = descriptorpb.FieldDescriptorProto_TYPE_BYTES
	isInt64   = descriptorpb.FieldDescriptorProto_TYPE_INT64
	isDouble  = descriptorpb.FieldDescriptorProto_TYPE_DOUBLE
	isFixed32 = descriptorpb.FieldDescriptorProto_TYPE_FIXED32
)

// field describes a field of proto3: a scalar, or a message if a type name is
// given.
func field(name string, number int32, kind descriptorpb.FieldDescriptorProto_Type, message string,
	repeated bool) *descriptorpb.FieldDescriptorProto {
	label := descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL
	if repeated {
		label = descriptorpb.FieldDescriptorProto_LABEL_REPEATED
	}
	f := &descriptorpb.FieldDescriptorProto{Name: &name, Number: &number, Type: &kind, Label: &label}
	if message != "" {
		f.Type, f.TypeName = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum(), &message
	}
	return f
}

func scalar(name string, number int32, kind descriptorpb.FieldDescriptorProto_Type) *descriptorpb.FieldDescriptorProto {
	return field(name, number, kind, "", false)
}

func describe(name string, fields ...*descriptorpb.FieldDescriptorProto) *descriptorpb.DescriptorProto {
	return &descriptorpb.DescriptorProto{Name: &name, Field: fields}
}

// requests are the messages of the model servers as far as they matter here,
// with upstream's numbers: kserve/open-inference-protocol
// specification/protocol/open_inference_grpc.proto, tensorflow/serving
// tensorflow_serving/apis/{model,predict,inference}.proto.
func requests(t testing.TB) protoreflect.FileDescriptor {
	t.Helper()
	spec := describe("ModelSpec", scalar("name", 1, isString), field("version", 2, 0, ".google.protobuf.Int64Value", false),
		scalar("version_label", 4, isString), scalar("signature_name", 3, isString))
	spec.OneofDecl = []*descriptorpb.OneofDescriptorProto{{Name: proto.String("version_choice")}}
	spec.Field[1].OneofIndex, spec.Field[2].OneofIndex = proto.Int32(0), proto.Int32(0)
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("requests.proto"), Package: proto.String("oracle"), Syntax: proto.String("proto3"),
		Dependency: []string{"google/protobuf/wrappers.proto"},
		MessageType: []*descriptorpb.DescriptorProto{
			spec,
			describe("Tensor", scalar("name", 1, isString), scalar("datatype", 2, isString), field("shape", 3, isInt64, "", true),
				field("data", 4, isDouble, "", true), scalar("check", 5, isFixed32)),
			describe("ModelInferRequest", scalar("model_name", 1, isString), scalar("model_version", 2, isString), scalar("id", 3, isString),
				field("inputs", 5, 0, ".oracle.Tensor", true), field("raw_input_contents", 7, isBytes, "", true)),
			describe("PredictRequest", field("model_spec", 1, 0, ".oracle.ModelSpec", false), field("inputs", 2, 0, ".oracle.Tensor", true),
				field("output_filter", 3, isString, "", true)),
			describe("InferenceTask", field("model_spec", 1, 0, ".oracle.ModelSpec", false), scalar("method_name", 2, isString)),
			describe("MultiInferenceRequest", field("tasks", 1, 0, ".oracle.InferenceTask", true), field("input", 2, 0, ".oracle.Tensor", false)),
		},
	}, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// The leaves of every request.
const (
	modelName = iota
	modelVersion
	versionNumber
	versionLabel
)

var (
	specFields = []scan.Field{{Number: 1, ID: modelName}, {Number: 2, Shape: scan.Int64Value, ID: versionNumber, OneOf: 1},
		{Number: 4, ID: versionLabel, OneOf: 1}}
	taskFields = []scan.Field{{Number: 1, Shape: scan.Message, Fields: specFields}}

	protoRequests = []struct {
		name   protoreflect.Name
		fields []scan.Field
	}{
		{"ModelInferRequest", []scan.Field{{Number: 1, ID: modelName}, {Number: 2, ID: modelVersion}}},
		{"PredictRequest", taskFields},
		{"MultiInferenceRequest", []scan.Field{{Number: 1, Shape: scan.Message, Repeated: true, Fields: taskFields}}},
	}
)

// naming is what a request says of one model.
type naming struct {
	name, version, label string
	number               int64
	numbered, labelled   bool
}

// selects is what a server reads from a request: one naming, or one for each
// task.
func selects(m protoreflect.Message) []naming {
	get := func(m protoreflect.Message, name protoreflect.Name) protoreflect.Value {
		return m.Get(m.Descriptor().Fields().ByName(name))
	}
	ofSpec := func(m protoreflect.Message) naming {
		fields := m.Descriptor().Fields()
		version := get(m, "version").Message()
		return naming{
			name: get(m, "name").String(), label: get(m, "version_label").String(), number: get(version, "value").Int(),
			numbered: m.Has(fields.ByName("version")), labelled: m.Has(fields.ByName("version_label")),
		}
	}
	switch m.Descriptor().Name() {
	case "ModelInferRequest":
		return []naming{{name: get(m, "model_name").String(), version: get(m, "model_version").String()}}
	case "PredictRequest":
		return []naming{ofSpec(get(m, "model_spec").Message())}
	}
	var all []naming
	for tasks, i := get(m, "tasks").List(), 0; i < tasks.Len(); i++ {
		all = append(all, ofSpec(get(tasks.Get(i).Message(), "model_spec").Message()))
	}
	return all
}
