# The policy of the other contenders in Rego, for a server of ext_authz.
package gate

import rego.v1

default decision := {"status": 403}

decision := {"status": 401} if not claims

decision := {"status": 200, "user": claims.email, "authority": authority, "path": path} if {
	claims
	sprintf("%s/%s", [target[1], target[2]]) in data.grants[claims.email]
	input.method == "POST"
	authority := sprintf("%s-predictor-default.%s.svc.cluster.local", [target[2], target[1]])
	path := sprintf("/v1/models/%s:predict", [target[2]])
}

claims := payload if {
	startswith(input.authorization, "Bearer ")
	token := substring(input.authorization, 7, -1)
	[valid, _, payload] := io.jwt.decode_verify(token, {"cert": data.jwks, "alg": "ES256", "iss": data.issuer, "aud": data.audience})
	valid
}

target := regex.find_all_string_submatch_n(`^/kfserving/([^/]+)/([^/:]+):predict$`, input.path, 1)[0]
