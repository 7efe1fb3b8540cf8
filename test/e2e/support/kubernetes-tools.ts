import { fileURLToPath } from 'node:url'
import { execa } from 'execa'

/** The folder with the programs helm, of this version, and kubectl. */
export async function kubernetesTools(helm: 'helm-4' | 'helm-3' = 'helm-4'): Promise<string> {
  const script = fileURLToPath(new URL('../kubernetes-tools.sh', import.meta.url))
  const { stdout } = await execa(script, [helm], { stderr: 'inherit' })
  return stdout
}
