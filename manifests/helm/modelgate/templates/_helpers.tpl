{{/* The name of all resources: the release's, with "modelgate" in it. */}}
{{- define "modelgate.name" -}}
{{- if contains "modelgate" .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-modelgate" (.Release.Name | trunc 30 | trimSuffix "-") -}}
{{- end -}}
{{- end -}}

{{- define "modelgate.labels" -}}
app.kubernetes.io/name: modelgate
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* What the values must be together. */}}
{{- define "modelgate.check" -}}
{{- if not .Values.config -}}
{{- fail "config must be the configuration of the gate: helm install --set-file does not parse it, so put it below config: in a file of values" -}}
{{- end -}}
{{- if not (hasKey .Values.config "version") -}}
{{- fail "config.version must be 1" -}}
{{- end -}}
{{- $host := dig "host" (dict) .Values.config -}}
{{- if and (eq .Values.form "wasm") $host -}}
{{- fail "config.host needs form: native: with a WasmPlugin, requests whose headers wait for a body would wait for ever" -}}
{{- end -}}
{{- if and (eq .Values.role "sidecar") .Values.ports -}}
{{- fail "ports must be empty for a sidecar: its gate is for all incoming requests" -}}
{{- end -}}
{{- if and (eq .Values.role "sidecar") (not (hasKey .Values.config "serves")) -}}
{{- fail "config.serves must name the service of the selected pods: a caller who reaches a pod can write any host" -}}
{{- end -}}
{{- if and (eq .Values.role "sidecar") (not .Values.selector) -}}
{{- fail "selector must name the pods of a sidecar's service: without it every proxy of the namespace would get the gate" -}}
{{- end -}}
{{- if and .Values.clientCertificates (eq .Values.form "wasm") -}}
{{- fail "clientCertificates is for form: native; a WasmPlugin reads certificates itself" -}}
{{- end -}}
{{- end -}}

{{- define "modelgate.selector" -}}
{{- toYaml (.Values.selector | default (dict "istio" "ingressgateway")) -}}
{{- end -}}

{{- define "modelgate.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}
