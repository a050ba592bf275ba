{{/*
Rules across keys, which a schema cannot say. All that are broken are told at once.
*/}}
{{- define "celsius.check" -}}
{{- $said := list }}
{{- range $rules := list "celsius.modelRules" "celsius.scalingRules" "celsius.portRules" "celsius.lifeRules" "celsius.knativeRules" }}
{{- range include $rules $ | splitList "\n" }}
{{- with trim . }}{{ $said = append $said . }}{{ end }}
{{- end }}
{{- end }}
{{- if $said }}
{{- fail (printf "these values do not go together:\n  %s" (join "\n  " $said)) }}
{{- end }}
{{- end }}

{{- define "celsius.modelRules" -}}
{{- $sources := list "path" "image" "persistentVolumeClaim" "configMap" "storageUri" }}
{{- $config := .Values.config }}
{{- range $name, $model := .Values.models }}
{{- $given := list }}
{{- range $sources }}{{ if get $model . }}{{ $given = append $given . }}{{ end }}{{ end }}
{{- if ne (len $given) 1 }}
models.{{ $name }}: give one of {{ join ", " $sources }}{{ if $given }}, not {{ join " and " $given }}{{ end }}
{{- end }}
{{- if and $model.image (semverCompare "<1.31-0" $.Capabilities.KubeVersion.Version) }}
models.{{ $name }}.image: image volumes came with Kubernetes 1.31, this one is {{ $.Capabilities.KubeVersion.Version }}
{{- end }}
{{- if and $model.versions (ne (len (keys $model.versions)) 1) }}
models.{{ $name }}.versions: give one of latest, all, specific
{{- end }}
{{- if and $model.labels ($model.versions | default dict).specific }}
{{- range $label, $version := $model.labels }}
{{- if not (has $version $model.versions.specific) }}
models.{{ $name }}.labels.{{ $label }}: version {{ $version }} is none of versions.specific
{{- end }}
{{- end }}
{{- end }}
{{- if and $model.storageUri $.Values.networkPolicy.enabled (not $.Values.networkPolicy.egress) }}
models.{{ $name }}.storageUri: networkPolicy.egress lets nothing out; allow where it is copied from, and DNS
{{- end }}
{{- end }}
{{- if include "celsius.modelConfigFile" . }}
{{- if and .Values.models .Values.modelConfig.configMap }}
models, modelConfig.configMap: give one of them; folders that your configuration names come from extraVolumes
{{- end }}
{{- if ne .Values.server "celsius" }}
models, modelConfig: these are for server: celsius; give TensorFlow Serving args and extraVolumes
{{- end }}
{{- range list "modelConfigFile" "modelsDir" "modelBasePath" }}
{{- if get $config . }}
config.{{ . }}: models and modelConfig say which models there are; give one of the two
{{- end }}
{{- end }}
{{- else if and $config.modelConfigFile $config.modelsDir }}
config.modelConfigFile, config.modelsDir: give one of them
{{- end }}
{{- end }}

{{- define "celsius.scalingRules" -}}
{{- with .Values.autoscaling }}
{{- $requests := $.Values.resources.requests | default dict }}
{{- $limits := $.Values.resources.limits | default dict }}
{{- $perPod := without (list .perPod.requestsUnderWay .perPod.queueSeconds .perPod.eventLoopUse | compact) nil }}
{{- if and .enabled (not $.Values.knative.enabled) }}
{{- if gt (int .minReplicas) (int .maxReplicas) }}
autoscaling.minReplicas: {{ .minReplicas }} is more than autoscaling.maxReplicas ({{ .maxReplicas }})
{{- end }}
{{- if and .targetCPUUtilizationPercentage (not (or $requests.cpu $limits.cpu)) }}
autoscaling.targetCPUUtilizationPercentage: is a share of resources.requests.cpu, which is not there
{{- end }}
{{- if and .targetMemoryUtilizationPercentage (not (or $requests.memory $limits.memory)) }}
autoscaling.targetMemoryUtilizationPercentage: is a share of resources.requests.memory, which is not there
{{- end }}
{{- if not (or .targetCPUUtilizationPercentage .targetMemoryUtilizationPercentage $perPod .metrics .keda.triggers) }}
autoscaling: there is no metric to scale by
{{- end }}
{{- if and .keda.enabled .metrics }}
autoscaling.metrics: is a HorizontalPodAutoscaler's; with KEDA give autoscaling.keda.triggers
{{- end }}
{{- if and (not .keda.enabled) .keda.triggers }}
autoscaling.keda.triggers: set autoscaling.keda.enabled, or give autoscaling.metrics
{{- end }}
{{- if and .keda.enabled $perPod (not .keda.serverAddress) }}
autoscaling.keda.serverAddress: autoscaling.perPod wants the address of Prometheus
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "celsius.portRules" -}}
{{- with .Values }}
{{- $ports := list (list "containerPort" .containerPort) (list "grpc.port" .grpc.port) (list "metrics.port" .metrics.port) }}
{{- $inService := list (list "service.port" .service.port) (list "grpc.port" .grpc.port) (list "metrics.port" .metrics.port) }}
{{- include "celsius.differ" $ports }}
{{- if not .knative.enabled }}
{{- include "celsius.differ" (list (index $inService 0) (index $inService 1)) }}
{{- include "celsius.differ" (list (index $inService 0) (index $inService 2)) }}
{{- end }}
{{- if and (eq .service.type "ClusterIP") (or .service.nodePort .service.grpcNodePort) }}
service.nodePort, service.grpcNodePort: a Service of type ClusterIP has none; set service.type
{{- end }}
{{- if and .service.nodePort (eq (toString .service.nodePort) (toString .service.grpcNodePort)) }}
service.nodePort, service.grpcNodePort: they must differ
{{- end }}
{{- if and .service.trafficDistribution (semverCompare "<1.31-0" $.Capabilities.KubeVersion.Version) }}
service.trafficDistribution: came with Kubernetes 1.31, this one is {{ $.Capabilities.KubeVersion.Version }}
{{- end }}
{{- if and (not .grpc.port) .grpcRoute.enabled }}
grpc.port: is 0; grpcRoute needs one
{{- end }}
{{- if and .tls.clientCa (not .tls.secretName) }}
tls.clientCa: the CA is in the Secret that tls.secretName names
{{- end }}
{{- range $route := list "httpRoute" "grpcRoute" }}
{{- if and (get $.Values $route).enabled (not (get $.Values $route).parentRefs) }}
{{ $route }}.parentRefs: name a Gateway
{{- end }}
{{- end }}
{{- if and .ingress.enabled (not .ingress.hosts) }}
ingress.hosts: give a host and its paths
{{- end }}
{{- end }}
{{- end }}

{{/* Takes [[key, port] …]; 0 is none. */}}
{{- define "celsius.differ" -}}
{{- $seen := dict }}
{{- range . }}
{{- $port := index . 1 | int | toString }}
{{- if ne $port "0" }}
{{- if hasKey $seen $port }}
{{ index . 0 }}: is {{ $port }}, as {{ get $seen $port }} is
{{- end }}
{{- $_ := set $seen $port (index . 0) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "celsius.lifeRules" -}}
{{- with .Values }}
{{- range $name := list "startupProbe" "livenessProbe" "readinessProbe" }}
{{- with get $.Values $name }}
{{- $given := list }}
{{- range $kind := list "httpGet" "grpc" "tcpSocket" "exec" }}{{ if get (get $.Values $name) $kind }}{{ $given = append $given $kind }}{{ end }}{{ end }}
{{- if ne (len $given) 1 }}
{{ $name }}: give one of httpGet, grpc, tcpSocket, exec{{ if $given }}, not {{ join " and " $given }} (null takes one away){{ end }}
{{- end }}
{{- if and .grpc (include "celsius.grpcTls" $) }}
{{ $name }}.grpc: the kubelet asks by gRPC without TLS; set tls.ports to http, or probe by another way
{{- end }}
{{- if and (ne $name "readinessProbe") (gt (int (.successThreshold | default 1)) 1) }}
{{ $name }}.successThreshold: Kubernetes takes 1 only
{{- end }}
{{- end }}
{{- end }}
{{- $drain := add (.config.drainDelayMs | default 0) (.config.drainTimeoutMs | default 0) }}
{{- if and (eq .server "celsius") (not .knative.enabled) (le (mul .terminationGracePeriodSeconds 1000) $drain) }}
terminationGracePeriodSeconds: {{ .terminationGracePeriodSeconds }} s must be more than config.drainDelayMs + config.drainTimeoutMs ({{ $drain }} ms), or requests under way are cut off
{{- end }}
{{- with .strategy.rollingUpdate }}
{{- if and (hasKey . "maxSurge") (hasKey . "maxUnavailable") (regexMatch "^0%?$" (toString .maxSurge)) (regexMatch "^0%?$" (toString .maxUnavailable)) }}
strategy.rollingUpdate: maxSurge and maxUnavailable are both 0, so that no pod could ever be replaced
{{- end }}
{{- end }}
{{- if and (eq .strategy.type "Recreate") .strategy.rollingUpdate }}
strategy.rollingUpdate: goes with type RollingUpdate; set it to null
{{- end }}
{{- end }}
{{- end }}

{{- define "celsius.knativeRules" -}}
{{- if .Values.knative.enabled }}
{{- with .Values.knative }}
{{- $window := include "celsius.seconds" .window | float64 }}
{{- if or (lt $window 6.0) (gt $window 3600.0) }}
knative.window: {{ .window }} is not from 6s to 1h
{{- end }}
{{- if gt (include "celsius.seconds" .scaleToZeroRetention | float64) 3600.0 }}
knative.scaleToZeroRetention: {{ .scaleToZeroRetention }} is more than 1h
{{- end }}
{{- if and .maxScale (gt (int .minScale) (int .maxScale)) }}
knative.minScale: {{ .minScale }} is more than knative.maxScale ({{ .maxScale }})
{{- end }}
{{- if and .containerConcurrency (gt (float64 .targetConcurrency) (float64 .containerConcurrency)) }}
knative.targetConcurrency: {{ .targetConcurrency }} is more than knative.containerConcurrency ({{ .containerConcurrency }}) lets through
{{- end }}
{{- end }}
{{- if .Values.metrics.port }}
metrics.port: a Knative Service has one port only; leave it 0 and guard /metrics by metrics.token
{{- end }}
{{- if has (int .Values.containerPort) (list 8012 8013 8022 8112 9090 9091) }}
containerPort: {{ .Values.containerPort }} is the port of Knative's own container in the pod
{{- end }}
{{- if .Values.tls.secretName }}
tls.secretName: a Knative Service has one port only, and Knative ends TLS in front of it
{{- end }}
{{- end }}
{{- end }}

{{/* A duration such as 1m30s in seconds. */}}
{{- define "celsius.seconds" -}}
{{- $units := dict "ms" 0.001 "s" 1.0 "m" 60.0 "h" 3600.0 }}
{{- $total := 0.0 }}
{{- range regexFindAll "[0-9]+(ms|s|m|h)" . -1 }}
{{- $total = addf $total (mulf (regexFind "^[0-9]+" . | float64) (get $units (regexFind "[a-z]+$" .))) }}
{{- end }}
{{- $total }}
{{- end }}
