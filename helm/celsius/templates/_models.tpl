{{/* Where the server finds a model: a folder of the image, or where its volume is mounted. Takes {name, model}. */}}
{{- define "celsius.modelPath" -}}
{{ .model.path | default (printf "/models/%s" .name) }}
{{- end }}

{{/*
The models as TensorFlow Serving's ModelServerConfig. It is an annotation of the pod, which a volume shows as a file: so it stands in
the pod template as all configuration does, and a change rolls out, a rollback brings it back, a Knative revision keeps its own.
*/}}
{{- define "celsius.modelConfig" -}}
model_config_list {
{{- range $name, $model := .Values.models }}
  config {
    name: {{ $name | quote }}
    base_path: {{ include "celsius.modelPath" (dict "name" $name "model" $model) | quote }}
    model_platform: "tensorflow"
    {{- with $model.versions }}
    model_version_policy {
      {{- if .all }} all {}
      {{- else if .latest }} latest { num_versions: {{ int64 .latest }} }
      {{- else }} specific { {{- range .specific }} versions: {{ int64 . }}{{ end }} }
      {{- end }} }
    {{- end }}
    {{- range $label, $version := $model.labels }}
    version_labels { key: {{ $label | quote }} value: {{ int64 $version }} }
    {{- end }}
  }
{{- end }}
}
{{- end }}

{{/* Names of the models, in the order of their volumes. A model's name may hold what a volume's may not, so that these are numbered. */}}
{{- define "celsius.modelNames" -}}
{{ keys .Values.models | sortAlpha | toJson }}
{{- end }}

{{- define "celsius.modelVolumes" -}}
{{- range $i, $name := include "celsius.modelNames" . | fromJsonArray }}
{{- $model := get $.Values.models $name }}
{{- with $model.image }}
- name: model-{{ $i }}
  image:
    reference: {{ .reference }}
    pullPolicy: {{ .pullPolicy | default "IfNotPresent" }}
{{- end }}
{{- with $model.persistentVolumeClaim }}
- name: model-{{ $i }}
  persistentVolumeClaim: {claimName: {{ .claimName }}, readOnly: true}
{{- end }}
{{- with $model.configMap }}
{{- $version := .version | default 1 | int64 }}
- name: model-{{ $i }}
  projected:
    sources:
      - configMap:
          name: {{ .name }}
          items:
            - {key: saved_model.pb, path: {{ $version }}/saved_model.pb}
            {{- range .items }}
            - {key: {{ .key }}, path: {{ $version }}/{{ .path }}}
            {{- end }}
      {{- /* a frozen model has none; a source that is optional may lack keys */}}
      - configMap:
          name: {{ .name }}
          optional: true
          items:
            - {key: variables.index, path: {{ $version }}/variables/variables.index}
            - {key: variables.data-00000-of-00001, path: {{ $version }}/variables/variables.data-00000-of-00001}
{{- end }}
{{- if $model.storageUri }}
- name: model-{{ $i }}
  emptyDir: { {{- with $.Values.fetch.sizeLimit }}sizeLimit: {{ . }}{{ end -}} }
{{- end }}
{{- end }}
{{- end }}

{{- define "celsius.modelMounts" -}}
{{- range $i, $name := include "celsius.modelNames" . | fromJsonArray }}
{{- $model := get $.Values.models $name }}
{{- if not $model.path }}
- name: model-{{ $i }}
  mountPath: /models/{{ $name }}
  readOnly: true
  {{- with ($model.persistentVolumeClaim | default $model.image | default dict).subPath }}
  subPath: {{ . }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* One init container for each model with a storageUri. */}}
{{- define "celsius.fetchContainers" -}}
{{- $fetch := .Values.fetch }}
{{- range $i, $name := include "celsius.modelNames" . | fromJsonArray }}
{{- $model := get $.Values.models $name }}
{{- if $model.storageUri }}
- name: fetch-{{ $i }}
  image: {{ include "celsius.image" (dict "image" $fetch.image "context" $) }}
  imagePullPolicy: {{ $fetch.image.pullPolicy }}
  {{- with $fetch.command }}
  command: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $fetch.args }}
  args: {{- toYaml . | nindent 4 }}
  {{- end }}
  env:
    - {name: MODEL_NAME, value: {{ $name | quote }}}
    - {name: MODEL_PATH, value: /models/{{ $name }}}
    - {name: STORAGE_URI, value: {{ $model.storageUri | quote }}}
    - {name: HOME, value: /tmp}
    {{- with $fetch.env }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $fetch.envFrom }}
  envFrom: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $fetch.resources }}
  resources: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $.Values.securityContext }}
  securityContext: {{- toYaml . | nindent 4 }}
  {{- end }}
  volumeMounts:
    - {name: model-{{ $i }}, mountPath: /models/{{ $name }}}
    - {name: fetch-tmp, mountPath: /tmp}
{{- end }}
{{- end }}
{{- end }}
