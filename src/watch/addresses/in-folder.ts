import type { AllocationSettings } from '../../model/allocation-settings.ts'

/**
 * Returns the settings as they count in a folder: there `auto` means pools, because a folder without
 * pools goes on to serve the statuses of its manifests (ADR 0025).
 */
export function inFolder(settings: AllocationSettings): AllocationSettings {
  return settings.addresses === 'auto' ? { ...settings, addresses: 'pools' } : settings
}
