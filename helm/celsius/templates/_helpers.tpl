{{- define "celsius.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "celsius.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "celsius.name" .) .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "celsius.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "celsius.selectorLabels" -}}
app.kubernetes.io/name: {{ include "celsius.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "celsius.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "celsius.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Labels of `helm test`'s pod, by which the NetworkPolicy lets it in. */}}
{{- define "celsius.testLabels" -}}
app.kubernetes.io/name: {{ include "celsius.name" . }}-test
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "celsius.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "celsius.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* A number of a values file is a float, which prints as 1e+07: print a whole one as it was written. */}}
{{- define "celsius.plain" -}}
{{ kindIs "float64" . | ternary (int64 .) . }}
{{- end }}

{{/* Reference of an image; takes {image, context}. A digest wins over a tag. */}}
{{- define "celsius.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ include "celsius.plain" (default .context.Chart.AppVersion .image.tag) }}
{{- end }}
{{- end }}

{{/* Name of the Secret with the metrics' token; empty where /metrics asks for none. */}}
{{- define "celsius.metricsSecret" -}}
{{- if .Values.metrics.existingSecret }}
{{- .Values.metrics.existingSecret }}
{{- else if .Values.metrics.token }}
{{- include "celsius.fullname" . }}-metrics
{{- end }}
{{- end }}

{{/* Fewest replicas that there will be. */}}
{{- define "celsius.minReplicas" -}}
{{- if .Values.autoscaling.enabled }}{{ .Values.autoscaling.minReplicas }}{{ else }}{{ .Values.replicaCount }}{{ end }}
{{- end }}
