{{- define "edgesteer.metrics" -}}
{{- if and .Values.metrics.enabled .Values.hostNetwork }}{{ fail "metrics.enabled would open the proxy's port on the node: set metrics.enabled=false with hostNetwork=true" }}{{ end -}}
{{- if .Values.metrics.enabled }}true{{ end -}}
{{- end -}}
