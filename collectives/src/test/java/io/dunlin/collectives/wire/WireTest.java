package io.dunlin.collectives.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.error.ExitCode;
import io.dunlin.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

/** What is written is what is read, and what is damaged is noticed. */
class WireTest {
    private static final OperationHeader.Scope SCOPE = new OperationHeader.Scope(77, 3, 12);

    private static MemorySegment header(long operation, long lengthBytes) {
        MemorySegment memory = Arena.ofAuto().allocate(OperationHeader.BYTES, 64);
        OperationHeader.write(
                memory.address(),
                SCOPE,
                operation,
                OperationKind.ALL_REDUCE,
                DType.F32,
                ReduceOp.MAX,
                2,
                lengthBytes,
                0);
        new OperationHeader().stamp(memory.address(), memory.address(), 4242, 1);
        return memory;
    }

    @Property
    void shouldNoticeAnyFlippedBitOfAHeader(@ForAll @IntRange(max = 64 * 8 - 1) int bit) {
        MemorySegment memory = header(9, 4096);
        OperationHeader check = new OperationHeader();
        assertThat(check.intact(memory.address())).isTrue();
        byte before = memory.get(ValueLayout.JAVA_BYTE, bit / 8);
        memory.set(ValueLayout.JAVA_BYTE, bit / 8, (byte) (before ^ 1 << bit % 8));
        assertThat(check.intact(memory.address())).isFalse();
    }

    @Test
    void shouldTellCallsApartButNotFlows() {
        MemorySegment one = header(9, 4096);
        MemorySegment sameElsewhere = Arena.ofAuto().allocate(64, 64);
        new OperationHeader().stamp(one.address(), sameElsewhere.address(), 17, 5);
        assertThat(OperationHeader.sameCall(one.address(), sameElsewhere.address()))
                .isTrue();
        assertThat(OperationHeader.sameCall(one.address(), header(9, 4100).address()))
                .isFalse();
        assertThat(OperationHeader.describe(one.address())).isEqualTo("all-reduce of 4,096 bytes F32 MAX");
        assertThat(OperationHeader.flowBytes(one.address())).isEqualTo(4242);
    }

    @Property
    void shouldFindTheOperationOfATagNearby(
            @ForAll @LongRange(min = 0, max = Long.MAX_VALUE / 4) long near, @ForAll int distance) {
        long number = near + distance;
        long tag = FrameTag.of(FrameTag.MORE, 0x1234567, number);
        assertThat(FrameTag.operation(tag, near)).isEqualTo(number);
        assertThat(FrameTag.kind(tag)).isEqualTo(FrameTag.MORE);
        assertThat(FrameTag.isOf(tag, 0x1234567)).isTrue();
        assertThat(FrameTag.isOf(tag, 0x1234568)).isFalse();
    }

    @Test
    void shouldCarryAFailureToTheOthers() {
        CollectiveException cause = new CollectiveException(
                "DUN-704", "rang 2 ist weg: ä".repeat(100), "see the log", ExitCode.RANK_FAILED, List.of(2, 300_000));
        int room = 600;
        int bytes = AbortMessage.bytes(cause, room);
        assertThat(bytes).isBetween(room - 2, room);
        MemorySegment memory = Arena.ofAuto().allocate(bytes);
        AbortMessage.write(memory.address(), cause, room);
        CollectiveException read = AbortMessage.read(memory.address());
        assertThat(read.code()).isEqualTo("DUN-704");
        assertThat(read.remedy()).isEqualTo("see the log");
        assertThat(read.exitCode()).isEqualTo(ExitCode.RANK_FAILED);
        assertThat(read.culprits()).containsExactly(2, 300_000);
        assertThat(cause.getMessage()).startsWith(String.valueOf(read.getMessage()));
        assertThat(read.getMessage()).hasSizeGreaterThan(450);
    }
}
