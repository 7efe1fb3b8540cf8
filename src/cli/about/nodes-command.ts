/** Prints the names of the Nodes, one a line, where kubectl reaches a cluster; else nothing. */
export const NODES_COMMAND =
  'kubectl get nodes --request-timeout=2s -o name 2>/dev/null | cut -d/ -f2'
