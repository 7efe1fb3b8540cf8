import { declareGuestTests } from './guest/suite.ts'

// The others take the emulated kernel many minutes: slow/qemu.test.ts.
await declareGuestTests('qemu', 'programming')
