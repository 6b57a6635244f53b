package io.dunlin.collectives.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.tensor.DType;
import io.dunlin.tensor.Philox;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights of all members, the same bits everywhere. */
class QuantizedAllGatherTest {
    private static BlockQuantizer quantizer() {
        return new BlockQuantizer(QuantizerSettings.INT8, Philox.keyed(1, "quantise", "weights"), Arena.ofAuto());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5})
    void shouldBringEveryPartAsItsMessageSays(int members) {
        List<Long> parts = new ArrayList<>();
        for (int member = 0; member < members; member++) {
            parts.add(member == 1 ? 0L : 1_000L + 77 * member);
        }
        long elements = parts.stream().mapToLong(Long::longValue).sum();
        for (DType dtype : List.of(DType.F32, DType.BF16)) {
            try (Hosts world = new Hosts(1, members)) {
                List<MemorySegment> results = world.run(group -> gathered(group, parts, dtype));
                MemorySegment expected = Floats.room(elements * dtype.bytes());
                long at = 0;
                for (int member = 0; member < members; member++) {
                    MemorySegment part = part(member, parts.get(member), dtype);
                    MemorySegment place = expected.asSlice(at, part.byteSize());
                    if (members == 1) {
                        place.copyFrom(part); // nobody to send to
                    } else {
                        MemorySegment message = Floats.room(quantizer().encodedBytes(parts.get(member)));
                        quantizer().encode(part, dtype, message, 3);
                        quantizer().decode(message, place, dtype);
                    }
                    at += part.byteSize();
                }
                assertThat(results).allMatch(result -> result.mismatch(expected) == -1);
            }
        }
    }

    private static MemorySegment part(int member, long elements, DType dtype) {
        MemorySegment floats = Floats.gaussian(member, (int) elements);
        return dtype == DType.F32 ? floats : Floats.halves(floats);
    }

    private static MemorySegment gathered(TwoLevelGroup group, List<Long> parts, DType dtype) {
        int rank = group.rank();
        long elements = parts.stream().mapToLong(Long::longValue).sum();
        MemorySegment all = Floats.room(elements * dtype.bytes());
        long before = parts.subList(0, rank).stream().mapToLong(Long::longValue).sum();
        MemorySegment place = all.asSlice(before * dtype.bytes(), parts.get(rank) * dtype.bytes());
        QuantizedAllGather gather = new QuantizedAllGather(
                group.inner(), new TensorSpec(9, dtype, elements), parts, quantizer(), Arena.ofAuto());
        assertThat(gather.messageBytes()).isLessThan(parts.get(rank) * 2 * 52 / 100 + 40);
        for (int step = 0; step < 3; step++) {
            place.copyFrom(part(rank, parts.get(rank), dtype));
            gather.start(place, all, 3).await();
        }
        return all;
    }

    @Test
    void shouldLoseLittle() {
        try (Hosts world = new Hosts(1, 2)) {
            List<Long> parts = List.of(5_000L, 5_000L);
            world.run(group -> {
                MemorySegment all = gathered(group, parts, DType.F32);
                for (int i = 0; i < 5_000; i++) {
                    assertThat(Floats.get(all, 5_000 + i))
                            .isCloseTo(Floats.get(part(1, 5_000, DType.F32), i), within(0.02f));
                    if (i > 100) {
                        break;
                    }
                }
                return true;
            });
        }
    }

    @Test
    void shouldRefusePartsThatAreNotTheTensor() {
        try (Hosts world = new Hosts(1, 1)) {
            world.run(group -> {
                TensorSpec tensor = new TensorSpec(1, DType.F32, 10);
                assertThatThrownBy(() ->
                                new QuantizedAllGather(group.inner(), tensor, List.of(9L), quantizer(), Arena.ofAuto()))
                        .hasMessageContaining("9 elements");
                QuantizedAllGather gather =
                        new QuantizedAllGather(group.inner(), tensor, List.of(10L), quantizer(), Arena.ofAuto());
                assertThatThrownBy(() -> gather.start(Floats.room(36), Floats.room(40), 0))
                        .hasMessageContaining("part has 40 bytes");
                return true;
            });
        }
    }
}
