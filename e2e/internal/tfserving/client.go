package tfserving

import (
	"context"
	"crypto/tls"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/modelgate/modelgate/e2e/internal/tfserving/servingpb"
)

// Client calls over one connection.
type Client struct{ conn *grpc.ClientConn }

// Dial connects with TLS; the authority is also the name that is checked.
func Dial(addr string, config *tls.Config, authority string) (*Client, error) {
	conn, err := grpc.NewClient("passthrough:///"+addr,
		grpc.WithTransportCredentials(credentials.NewTLS(config)), grpc.WithAuthority(authority))
	return &Client{conn}, err
}

// Close closes the connection.
func (c *Client) Close() error { return c.conn.Close() }

func with(ctx context.Context, token string) context.Context {
	if token == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}

// Predict returns y of a model for x. A token of "" is none.
func (c *Client) Predict(ctx context.Context, token, model string, x ...float32) ([]float32, error) {
	reply, err := servingpb.NewPredictionServiceClient(c.conn).Predict(with(ctx, token), &servingpb.PredictRequest{
		ModelSpec: &servingpb.ModelSpec{Name: model},
		Inputs: map[string]*servingpb.TensorProto{"x": {
			Dtype: servingpb.DataType_DT_FLOAT, FloatVal: x,
			TensorShape: &servingpb.TensorShapeProto{Dim: []*servingpb.TensorShapeProto_Dim{{Size: int64(len(x))}}},
		}},
	})
	return reply.GetOutputs()["y"].GetFloatVal(), err
}

// Status returns the states of a model's version.
func (c *Client) Status(ctx context.Context, token, model string, version int64) (*servingpb.GetModelStatusResponse, error) {
	spec := &servingpb.ModelSpec{Name: model, VersionChoice: &servingpb.ModelSpec_Version{Version: wrapperspb.Int64(version)}}
	return servingpb.NewModelServiceClient(c.conn).GetModelStatus(with(ctx, token), &servingpb.GetModelStatusRequest{ModelSpec: spec})
}
