import { declareGuestTests } from '../guest/suite.ts'

await declareGuestTests('qemu')
