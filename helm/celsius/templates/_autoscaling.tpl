{{/* The server's own metrics to scale by, name → target for each pod; docs/operators.md says how an adapter makes them. */}}
{{- define "celsius.perPod" -}}
{{- with .Values.autoscaling.perPod }}
{{- with .requestsUnderWay }}
celsiusify_requests_in_flight: {{ . }}
{{- end }}
{{- with .queueSeconds }}
celsiusify_queue_seconds: {{ . }}
{{- end }}
{{- with .eventLoopUse }}
celsiusify_event_loop_use: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/*
The same as PromQL, by name. KEDA divides what it gets by the number of pods where the target is an average of them; the mean of a queue's
time is no such sum.
*/}}
{{- define "celsius.queries" -}}
{{- $pods := printf `{namespace="%s",service="%s"}` .Release.Namespace (include "celsius.fullname" .) -}}
celsiusify_requests_in_flight: {query: {{ printf "sum(celsiusify_requests_in_flight%s)" $pods | quote }}, metricType: AverageValue}
celsiusify_queue_seconds: {query: {{ printf "sum(rate(celsiusify_queue_duration_seconds_sum%s[1m])) / clamp_min(sum(rate(celsiusify_queue_duration_seconds_count%s[1m])), 1e-9)" $pods $pods | quote }}, metricType: Value}
celsiusify_event_loop_use: {query: {{ printf "sum(rate(celsiusify_event_loop_active_seconds_total%s[1m]))" $pods | quote }}, metricType: AverageValue}
{{- end }}
