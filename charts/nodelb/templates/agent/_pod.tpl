{{/* FRR's bgpd and nothing else of FRR. It begins without any configuration, and the agent fills it. */}}
{{- define "nodelb.frr" -}}
- name: frr
  {{- include "nodelb.image" (dict "image" .Values.bgp.image "default" "") | nindent 2 }}
  command: [/usr/lib/frr/bgpd]
  # -Z: there is no zebra beside it. -S: it stays the user that it is. -n: no route for the kernel.
  # -p 0: it dials its peers and listens to none, so that port 179 stays free. -P 0: no telnet.
  args:
    - --vty_socket=/run/frr
    - --pid_file=/run/frr/bgpd.pid
    - --config_file=/dev/null
    - --log=stdout
    - --log-level=informational
    - -Z
    - -S
    - -n
    - -p
    - "0"
    - -P
    - "0"
  resources:
    {{- toYaml .Values.bgp.resources | nindent 4 }}
  securityContext:
    runAsUser: 65532
    runAsGroup: 65532
    runAsNonRoot: true
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities:
      drop: [ALL]
  volumeMounts:
    - name: frr
      mountPath: /run/frr
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
{{- if .Values.bgp.enabled }}
- name: frr
  emptyDir:
    medium: Memory
    sizeLimit: 1Mi
{{- end }}
{{- end -}}
