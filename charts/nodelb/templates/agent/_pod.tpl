{{/*
FRR's daemons, without any configuration: the agent fills them. bgpd alone needs no privilege; beside zebra and
bfdd each begins as root, keeps the capabilities that FRR wants to have permitted, and becomes the user frr.
-n: no route for the kernel. -p 0: bgpd dials its peers and listens to none, so that port 179 stays free.
-P 0: no telnet. -Z: there is no zebra beside it. -S: it stays the user that it is.
*/}}
{{- define "nodelb.frr" -}}
{{- $alone := not .Values.bgp.bfd.enabled -}}
{{- $dials := list "-n" "-p" "0" -}}
{{- $bgpd := dict "of" . "name" "frr" "program" "bgpd" "resources" .Values.bgp.resources -}}
{{- if $alone -}}
{{- include "nodelb.frrDaemon" (merge $bgpd (dict "args" (concat (list "-Z" "-S") $dials))) -}}
{{- else -}}
{{- include "nodelb.frrDaemon" (merge $bgpd (dict "args" $dials "capabilities" (list "NET_BIND_SERVICE" "NET_ADMIN" "NET_RAW" "SYS_ADMIN"))) }}
{{ include "nodelb.frrDaemon" (dict "of" . "name" "zebra" "program" "zebra" "memory" "128Mi" "capabilities" (list "NET_ADMIN" "NET_RAW" "SYS_ADMIN")) }}
{{ include "nodelb.frrDaemon" (dict "of" . "name" "bfdd" "program" "bfdd" "memory" "64Mi" "capabilities" (list "NET_BIND_SERVICE" "NET_RAW" "SYS_ADMIN")) }}
{{- end -}}
{{- end -}}

{{/*
A container of {of, name, program}: with resources or a limit of memory, further arguments, and the capabilities
of one that begins as root.
*/}}
{{- define "nodelb.frrDaemon" -}}
- name: {{ .name }}
  {{- include "nodelb.image" (dict "image" .of.Values.bgp.image "default" "") | nindent 2 }}
  command: [/usr/lib/frr/{{ .program }}]
  args:
    - --vty_socket=/run/frr
    - --pid_file=/run/frr/{{ .program }}.pid
    - --config_file=/dev/null
    - --log=stdout
    - --log-level=informational
    {{- if .capabilities }}
    - --user=frr
    - --group=frr
    {{- end }}
    {{- range .args }}
    - {{ . | quote }}
    {{- end }}
    - -P
    - "0"
  resources:
    {{- .resources | default (dict "requests" (dict "cpu" "10m" "memory" "16Mi") "limits" (dict "memory" .memory)) | toYaml | nindent 4 }}
  securityContext:
    {{- if .capabilities }}
    runAsUser: 0
    runAsGroup: 0
    {{- else }}
    runAsUser: 65532
    runAsGroup: 65532
    runAsNonRoot: true
    {{- end }}
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities:
      drop: [ALL]
      {{- with .capabilities }}
      # SETUID and SETGID are for becoming the user frr alone.
      add: [SETUID, SETGID, {{ join ", " . }}]
      {{- end }}
  volumeMounts:
    - name: frr
      mountPath: /run/frr
    {{- if .capabilities }}
    - name: frr-users
      mountPath: /etc/passwd
      subPath: passwd
      readOnly: true
    - name: frr-users
      mountPath: /etc/group
      subPath: group
      readOnly: true
    {{- end }}
{{- end -}}

{{/* The volumes of the agents. What makes up the configuration is in one folder. */}}
{{- define "nodelb.volumes" -}}
- name: config
  {{- if or .Values.layer2.enabled .Values.kubeProxyConfigMap }}
  projected:
    sources:
      - configMap:
          name: {{ include "nodelb.name" . }}
      {{- with .Values.kubeProxyConfigMap }}
      - configMap:
          name: {{ . }}
          items:
            - key: config.conf
              path: kube-proxy.yaml
      {{- end }}
      {{- if .Values.layer2.enabled }}
      - secret:
          name: {{ .Values.layer2.secretName }}
          items:
            - key: secretkey
              path: members/secretkey
      {{- end }}
  {{- else }}
  configMap:
    name: {{ include "nodelb.name" . }}
  {{- end }}
- name: run
  {{- if eq (include "nodelb.backend" .) "ipvs" }}
  # sysctls.json: what the settings were. A reboot empties the folder and resets them as well.
  hostPath:
    path: /run/nodelb
    type: DirectoryOrCreate
  {{- else }}
  emptyDir:
    medium: Memory
    sizeLimit: 1Mi
  {{- end }}
{{- if .Values.legacyIptables }}
# The file itself: each writer to a table holds it, on the node or in another Pod.
- name: xtables-lock
  hostPath:
    path: /run/xtables.lock
    type: FileOrCreate
{{- end }}
{{- if include "nodelb.hasFrr" . }}
- name: frr
  emptyDir:
    medium: Memory
    sizeLimit: 1Mi
{{- if .Values.bgp.bfd.enabled }}
- name: frr-users
  configMap:
    name: {{ include "nodelb.name" . }}-frr
{{- end }}
{{- end }}
{{- end -}}
