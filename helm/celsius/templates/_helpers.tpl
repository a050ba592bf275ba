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

{{/* What the server is told: config in camelCase as variables in capitals. Takes {config, context, knative}. */}}
{{- define "celsius.env" -}}
{{- $values := .context.Values }}
{{- if eq $values.server "celsius" }}
{{- if not .knative }}
- name: PORT
  value: {{ $values.containerPort | quote }}
{{- end }}
{{- range $key, $value := .config }}
- name: {{ $key | snakecase | upper }}
  value: {{ include "celsius.plain" $value | quote }}
{{- end }}
{{- with $values.metrics.port }}
- name: METRICS_PORT
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- with include "celsius.metricsSecret" .context }}
- name: METRICS_TOKEN
  valueFrom:
    secretKeyRef: {name: {{ . }}, key: token}
{{- end }}
{{- with $values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What is the same in a Deployment's and a Knative Service's container. */}}
{{- define "celsius.container" -}}
image: {{ include "celsius.image" (dict "image" .Values.image "context" .) }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- with .Values.command }}
command: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.args }}
args: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.resources }}
resources: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.securityContext }}
securityContext: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Where pods may run. */}}
{{- define "celsius.scheduling" -}}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/*
A grace period that cuts the drain short loses requests: refuse it here, where the reason can be said. Between the two times
of the drain, connections that wait in the kernel are accepted, which is given up after 2 s.
*/}}
{{- define "celsius.checkDrain" -}}
{{- $drain := add (.Values.config.drainDelayMs | default 0) (.Values.config.drainTimeoutMs | default 0) 2000 }}
{{- if and (eq .Values.server "celsius") (le (mul .Values.terminationGracePeriodSeconds 1000) $drain) }}
{{- fail (printf "terminationGracePeriodSeconds: %v s must be more than config.drainDelayMs + config.drainTimeoutMs + 2 s (%v ms), or requests under way are cut off" .Values.terminationGracePeriodSeconds $drain) }}
{{- end }}
{{- end }}

{{/* A probe without its port's name: Knative knows one port, and names it itself. */}}
{{- define "celsius.knativeProbe" -}}
{{- $probe := deepCopy . }}
{{- range $kind := list "httpGet" "tcpSocket" }}
{{- if hasKey $probe $kind }}
{{- $_ := set $probe $kind (omit (get $probe $kind) "port") }}
{{- end }}
{{- end }}
{{- toYaml $probe }}
{{- end }}
