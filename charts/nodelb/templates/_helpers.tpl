{{- define "nodelb.name" -}}
{{- .Values.nameOverride | default "nodelb" | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{- define "nodelb.labels" -}}
app.kubernetes.io/name: {{ include "nodelb.name" . }}
{{- end -}}

{{- define "nodelb.controllerName" -}}
{{- include "nodelb.name" . }}-controller
{{- end -}}

{{- define "nodelb.controllerLabels" -}}
app.kubernetes.io/name: {{ include "nodelb.controllerName" . }}
{{- end -}}

{{/* The fields image and imagePullPolicy of a container, of {image, default}. */}}
{{- define "nodelb.image" -}}
{{- with .image -}}
{{- if .digest -}}
image: {{ printf "%s@%s" .repository .digest }}
{{- else -}}
image: {{ printf "%s:%s" .repository (.tag | default $.default) }}
{{- end -}}
{{- with .pullPolicy }}
imagePullPolicy: {{ . }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "nodelb.ownImage" -}}
{{- include "nodelb.image" (dict "image" .Values.image "default" .Chart.AppVersion) -}}
{{- end -}}

{{/* The NodelbConfiguration of the agents, as YAML. */}}
{{- define "nodelb.config" -}}
{{- $config := dict "apiVersion" "nodelb.io/v1alpha1" "kind" "NodelbConfiguration" "scope" .Values.scope -}}
{{- if ne .Values.backend "auto" -}}
{{- $_ := set $config "backend" .Values.backend -}}
{{- end -}}
{{- $announce := dict -}}
{{- if .Values.layer2.enabled -}}
{{- $_ := set $announce "layer2" (dict "enabled" true "members" (dict "keyFile" "/etc/nodelb/members/secretkey")) -}}
{{- end -}}
{{- if .Values.bgp.enabled -}}
{{- $bgp := dict "enabled" true -}}
{{- if ne .Values.bgp.engine "frr" -}}
{{- $_ := set $bgp "engine" .Values.bgp.engine -}}
{{- end -}}
{{- $_ := set $announce "bgp" $bgp -}}
{{- end -}}
{{- if $announce -}}
{{- $_ := set $config "announce" $announce -}}
{{- end -}}
{{- mergeOverwrite $config (deepCopy .Values.config) | toYaml -}}
{{- end -}}

{{- define "nodelb.scope" -}}
{{- (include "nodelb.config" . | fromYaml).scope -}}
{{- end -}}

{{- define "nodelb.backend" -}}
{{- (include "nodelb.config" . | fromYaml).backend | default "auto" -}}
{{- end -}}

{{- define "nodelb.bgpEngine" -}}
{{- dig "announce" "bgp" "engine" "frr" (include "nodelb.config" . | fromYaml) -}}
{{- end -}}

{{/* Whether FRR is in the Pods of the agents: true or empty. */}}
{{- define "nodelb.hasFrr" -}}
{{- if and .Values.bgp.enabled (eq (include "nodelb.bgpEngine" .) "frr") -}}true{{- end -}}
{{- end -}}

{{/* The KubeProxyConfiguration of the agents, as YAML; empty where there is none or a ConfigMap has it. */}}
{{- define "nodelb.kubeProxyConfig" -}}
{{- $defaults := dict "apiVersion" "kubeproxy.config.k8s.io/v1alpha1" "kind" "KubeProxyConfiguration" -}}
{{- if .Values.kubeProxyConfig -}}
{{- mergeOverwrite $defaults (deepCopy .Values.kubeProxyConfig) | toYaml -}}
{{- else if and (eq (include "nodelb.scope" .) "all") (not .Values.kubeProxyConfigMap) -}}
{{- toYaml $defaults }}
# Empty: each Node's spec.podCIDRs tell which traffic comes from its pods.
clusterCIDR: ""
nodePortAddresses: [primary]
conntrack:
  maxPerCore: 32768
  min: 131072
  tcpEstablishedTimeout: 24h
  tcpCloseWaitTimeout: 1h
{{- end -}}
{{- end -}}

{{/* The file, or the folder where there are two. */}}
{{- define "nodelb.configPath" -}}
/etc/nodelb{{ if not .Values.kubeProxyConfigMap }}/config.yaml{{ end }}
{{- end -}}

{{- define "nodelb.apiServerName" -}}
{{- printf "%s-api-server-%s" (include "nodelb.name" .) (toJson .Values.apiServer | sha256sum | trunc 10) -}}
{{- end -}}

{{/* Whether sysctls are set before the agent starts: true or empty. */}}
{{- define "nodelb.prepares" -}}
{{- if or (eq (include "nodelb.scope" .) "all") (eq (include "nodelb.backend" .) "ipvs") -}}true{{- end -}}
{{- end -}}

{{/* A ClusterRoleBinding, or with `namespaced` a RoleBinding, of {of, role, account, labels}. */}}
{{- define "nodelb.binding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ if .namespaced }}RoleBinding{{ else }}ClusterRoleBinding{{ end }}
metadata:
  name: {{ .role }}
  {{- if .namespaced }}
  namespace: {{ .of.Release.Namespace }}
  {{- end }}
  {{- with .labels }}
  labels:
    {{- . | nindent 4 }}
  {{- end }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ if .namespaced }}Role{{ else }}ClusterRole{{ end }}
  name: {{ .role }}
subjects:
  - kind: ServiceAccount
    name: {{ .account }}
    namespace: {{ .of.Release.Namespace }}
{{- end -}}
