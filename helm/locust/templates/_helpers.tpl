{{- define "locust.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* 40 characters at most, since a run's number and a role come after it. */}}
{{- define "locust.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "locust.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "locust.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* A Job cannot be changed, so that each `helm upgrade` is a run of its own, with its revision as number. */}}
{{- define "locust.run" -}}
{{ include "locust.fullname" . }}-{{ .Release.Revision }}
{{- end }}

{{- define "locust.masterLabels" -}}
app.kubernetes.io/name: {{ include "locust.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: master
{{- if eq .Values.mode "job" }}
celsius.locust/run: {{ .Release.Revision | quote }}
{{- end }}
{{- end }}

{{- define "locust.workerLabels" -}}
{{ include "locust.masterLabels" . | replace "component: master" "component: worker" }}
{{- end }}

{{- define "locust.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/name: {{ include "locust.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "locust.podMeta" -}}
labels:
  {{- .labels | nindent 2 }}
  {{- with .context.Values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .context.Values.podAnnotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What is the same in every pod. */}}
{{- define "locust.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: 10
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.podSecurityContext }}
securityContext: {{- toYaml . | nindent 2 }}
{{- end }}
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

{{/* What is the same in every container. Takes {context, resources}. */}}
{{- define "locust.container" -}}
{{- with .context.Values -}}
{{- if .image.digest -}}
image: {{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{- $tag := default $.context.Chart.AppVersion .image.tag }}
image: {{ .image.repository }}:{{ kindIs "float64" $tag | ternary (int64 $tag) $tag }}
{{- end }}
imagePullPolicy: {{ .image.pullPolicy }}
{{- with .securityContext }}
securityContext: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- with .resources }}
resources: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Arguments that say what to ask of whom; the master hands them to its workers, which must know them all the same. */}}
{{- define "locust.args" -}}
- --host={{ .Values.target.host }}
- --api={{ .Values.target.api }}
- --model={{ .Values.target.model }}
- --rows={{ .Values.target.rows }}
{{- with .Values.target.body }}
- {{ printf "--body=%s" . | quote }}
{{- end }}
- --pace={{ .Values.load.pace }}
- --reconnect-every={{ .Values.load.reconnectEvery }}
- --steps={{ .Values.load.steps }}
{{- with .Values.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "locust.loadArgs" -}}
- --users={{ .Values.load.users }}
- --spawn-rate={{ .Values.load.spawnRate }}
- --run-time={{ .Values.load.seconds }}s
# requests under way at the end are waited for, not dropped uncounted
- --stop-timeout=10
{{- end }}
