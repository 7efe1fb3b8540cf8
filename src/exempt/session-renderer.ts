import type { ServiceName } from '../model/service-name.ts'
import type { Renderer } from '../render/renderer.ts'

/** What a session renders with. Services may be exempt: these stay as the kernel has them. */
export interface SessionRenderer
  extends Pick<
    Renderer,
    | 'setService'
    | 'removeService'
    | 'setSlice'
    | 'removeSlice'
    | 'changeOtherNodes'
    | 'denials'
    | 'takeDenials'
    | 'label'
    | 'nameOf'
    | 'services'
    | 'situation'
  > {
  /** Renders a Service as its objects say from now on, and no longer as the kernel has it. */
  readmit(name: ServiceName): void
}
