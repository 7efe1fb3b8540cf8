// The table that answers, in a kernel whose tables have no owner.
import '../../kernel/announce.test.ts'
