{{/* What the server is told: config in camelCase as variables in capitals. Takes {config, context, knative}. */}}
{{- define "celsius.env" -}}
{{- $values := .context.Values }}
{{- if eq $values.server "celsius" }}
{{- if not .knative }}
- name: PORT
  value: {{ $values.containerPort | quote }}
{{- end }}
{{- /* Knative has one port, which speaks gRPC, too */}}
- name: GRPC_PORT
  value: {{ ternary 0 $values.grpc.port (default false .knative) | quote }}
{{- if and $values.tls.secretName (not .knative) }}
- {name: TLS_CERT_FILE, value: /etc/tls/tls.crt}
- {name: TLS_KEY_FILE, value: /etc/tls/tls.key}
- {name: TLS_PORTS, value: {{ $values.tls.ports }}}
{{- if $values.tls.clientCa }}
- {name: TLS_CLIENT_CA_FILE, value: /etc/tls/ca.crt}
{{- end }}
{{- end }}
{{- $file := include "celsius.modelConfigFile" .context }}
{{- if $file }}
- name: MODEL_CONFIG_FILE
  value: {{ $file }}
{{- end }}
{{- range $key, $value := ternary (omit .config "modelName") .config (ne $file "") }}
{{- if not (kindIs "invalid" $value) }}
- name: {{ $key | snakecase | upper }}
  value: {{ include "celsius.plain" $value | quote }}
{{- end }}
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

{{/* Where the server finds the models' configuration; empty: by its options. */}}
{{- define "celsius.modelConfigFile" -}}
{{- if .Values.modelConfig.configMap -}}
/etc/models/{{ .Values.modelConfig.key }}
{{- else if .Values.models -}}
/etc/models/models.config
{{- end }}
{{- end }}

{{/* Labels of pods. */}}
{{- define "celsius.podLabels" -}}
{{ include "celsius.labels" . }}
{{- with .Values.podLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "celsius.podAnnotations" -}}
{{- with .Values.metrics.token }}
checksum/metrics-token: {{ sha256sum . }}
{{- end }}
{{- if and .Values.models (not .Values.modelConfig.configMap) }}
celsius.models/config: |
  {{- include "celsius.modelConfig" . | nindent 2 }}
{{- end }}
{{- with .Values.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What is the same in a Deployment's and a Knative Service's pod. */}}
{{- define "celsius.pod" -}}
serviceAccountName: {{ include "celsius.serviceAccountName" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- with include "celsius.scheduling" . | trim }}
{{ . }}
{{- end }}
{{- $fetch := include "celsius.fetchContainers" . | trim }}
{{- if or $fetch .Values.initContainers }}
initContainers:
  {{- with $fetch }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with .Values.initContainers }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- with include "celsius.volumes" . | trim }}
volumes: {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "celsius.volumes" -}}
{{- include "celsius.modelVolumes" . }}
{{- if .Values.modelConfig.configMap }}
- name: model-config
  configMap: {name: {{ .Values.modelConfig.configMap }}}
{{- else if .Values.models }}
- name: model-config
  projected:
    sources:
      - downwardAPI:
          items:
            - path: models.config
              fieldRef: {fieldPath: "metadata.annotations['celsius.models/config']"}
{{- end }}
{{- if include "celsius.fetchContainers" . | trim }}
- name: fetch-tmp
  emptyDir: {}
{{- end }}
{{- if and .Values.tls.secretName (not .Values.knative.enabled) }}
- name: tls
  secret: {secretName: {{ .Values.tls.secretName }}}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "celsius.volumeMounts" -}}
{{- include "celsius.modelMounts" . }}
{{- if include "celsius.modelConfigFile" . }}
- {name: model-config, mountPath: /etc/models, readOnly: true}
{{- end }}
{{- if and .Values.tls.secretName (not .Values.knative.enabled) }}
- {name: tls, mountPath: /etc/tls, readOnly: true}
{{- end }}
{{- with .Values.extraVolumeMounts }}
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
{{- with .Values.envFrom }}
envFrom: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.resources }}
resources: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.securityContext }}
securityContext: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "celsius.volumeMounts" . | trim }}
volumeMounts: {{- . | nindent 2 }}
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

{{/* A probe on Knative's one port, which it names itself. */}}
{{- define "celsius.knativeProbe" -}}
{{- $probe := deepCopy .probe }}
{{- range $kind := list "httpGet" "tcpSocket" }}
{{- if hasKey $probe $kind }}
{{- $_ := set $probe $kind (omit (get $probe $kind) "port") }}
{{- end }}
{{- end }}
{{- with $probe.grpc }}
{{- $_ := set $probe "grpc" (set . "port" $.port) }}
{{- end }}
{{- toYaml $probe }}
{{- end }}

{{/* A Deployment's probe; where HTTP has TLS, it asks by that. Takes {probe, context}. */}}
{{- define "celsius.probe" -}}
{{- $probe := deepCopy .probe }}
{{- if and $probe.httpGet (include "celsius.httpTls" .context) }}
{{- $_ := set $probe "httpGet" (merge (dict) $probe.httpGet (dict "scheme" "HTTPS")) }}
{{- end }}
{{- toYaml $probe }}
{{- end }}

{{/* Whether the port of HTTP, or that of gRPC, has TLS; empty: not. */}}
{{- define "celsius.httpTls" -}}
{{- if and .Values.tls.secretName (ne .Values.tls.ports "grpc") (not .Values.knative.enabled) }}yes{{ end }}
{{- end }}
{{- define "celsius.grpcTls" -}}
{{- if and .Values.tls.secretName (ne .Values.tls.ports "http") (not .Values.knative.enabled) }}yes{{ end }}
{{- end }}
