// What the kernel hears of a handover, in one whose tables have no owner.
import '../../kernel/announce-handover.test.ts'
