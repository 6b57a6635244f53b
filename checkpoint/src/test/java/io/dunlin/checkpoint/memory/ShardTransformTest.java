package io.dunlin.checkpoint.memory;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Ways to compute parity, of shards of any length, with the plain kernels and with the fast ones. */
class ShardTransformTest {
    private final Random random = new Random(23);

    @ParameterizedTest
    @MethodSource("io.dunlin.checkpoint.memory.Shards#codes")
    void shouldCountShorterShardsAsIfZerosFollowed(ReedSolomon code) {
        List<MemorySegment> data = new ArrayList<>();
        List<MemorySegment> padded = new ArrayList<>();
        long longest = 3L * ShardTransform.STRIDE_BYTES + 100;
        for (int shard = 0; shard < code.dataShards(); shard++) {
            long bytes = shard == code.dataShards() / 2 ? longest : shard == 0 ? 0 : random.nextLong(longest);
            data.add(Shards.random(random, bytes));
            padded.addAll(Shards.zeros(1, longest));
            padded.getLast().copyFrom(data.getLast());
        }
        List<MemorySegment> parity = Shards.encoded(code, data);
        Shards.checkEqual(parity, Shards.encoded(code, padded));

        // The lost shards are written as far as they go.
        List<Integer> numbers = new ArrayList<>(IntStream.range(0, code.dataShards() + code.parityShards())
                .boxed()
                .toList());
        for (int round = 0; round < 5; round++) {
            Collections.shuffle(numbers, random);
            Shards.checkRebuilt(
                    code,
                    Shards.all(data, parity),
                    numbers.subList(code.parityShards(), numbers.size()),
                    numbers.subList(0, code.parityShards()));
        }
    }

    @ParameterizedTest
    @MethodSource("io.dunlin.checkpoint.memory.Shards#codes")
    void shouldDoAnyPiecesInAnyOrder(ReedSolomon code) {
        int bytes = 2 * ShardTransform.STRIDE_BYTES + 333;
        List<MemorySegment> data = Shards.random(random, code.dataShards(), bytes);
        List<Integer> ends = new ArrayList<>(List.of(0, bytes));
        for (int i = 0; i < 20; i++) {
            ends.add(random.nextInt(bytes + 1));
        }
        Collections.sort(ends);
        List<Integer> pieces =
                new ArrayList<>(IntStream.range(0, ends.size() - 1).boxed().toList());
        Collections.shuffle(pieces, random);
        List<MemorySegment> parity = Shards.garbage(code.parityShards(), bytes);
        ShardTransform encoder = code.encoder();
        pieces.forEach(piece -> encoder.apply(data, parity, ends.get(piece), ends.get(piece + 1) - ends.get(piece)));

        Shards.checkEqual(parity, Shards.encoded(code, data));
    }

    /** A piece writes nothing before or behind it. */
    @ParameterizedTest
    @MethodSource("io.dunlin.checkpoint.memory.Shards#codes")
    void shouldLeaveOtherBytesAlone(ReedSolomon code) {
        List<MemorySegment> data = Shards.random(random, code.dataShards(), 500);
        List<MemorySegment> parity = Shards.garbage(code.parityShards(), 500);
        code.encoder().apply(data, parity, 101, 203);
        List<MemorySegment> expected = Shards.encoded(code, data);
        for (MemorySegment shard : expected) {
            shard.asSlice(0, 101).fill((byte) 0xA5);
            shard.asSlice(304).fill((byte) 0xA5);
        }
        Shards.checkEqual(parity, expected);
    }

    @ParameterizedTest
    @MethodSource("io.dunlin.checkpoint.memory.Shards#codes")
    void shouldAccumulateWhatComesInAnyOrder(ReedSolomon code) {
        int bytes = ShardTransform.STRIDE_BYTES + 333;
        List<MemorySegment> data = Shards.random(random, code.dataShards(), bytes);
        List<MemorySegment> parity = Shards.zeros(code.parityShards(), bytes);
        List<int[]> pieces = new ArrayList<>();
        for (int shard = 0; shard < code.dataShards(); shard++) {
            int cut = random.nextInt(bytes + 1);
            pieces.add(new int[] {shard, 0, cut});
            pieces.add(new int[] {shard, cut, bytes});
        }
        Collections.shuffle(pieces, random);
        ShardTransform encoder = code.encoder();
        for (int[] piece : pieces) {
            encoder.accumulate(piece[0], piece[1], data.get(piece[0]).asSlice(piece[1], piece[2] - piece[1]), parity);
        }
        Shards.checkEqual(parity, Shards.encoded(code, data));
    }

    @ParameterizedTest
    @MethodSource("io.dunlin.checkpoint.memory.Shards#codes")
    void shouldUpdateParityOfAShardThatChanged(ReedSolomon code) {
        int bytes = ShardTransform.STRIDE_BYTES + 333;
        List<MemorySegment> data = new ArrayList<>(Shards.random(random, code.dataShards(), bytes));
        List<MemorySegment> parity = Shards.encoded(code, data);
        ShardTransform encoder = code.encoder();
        for (int shard = 0; shard < code.dataShards(); shard++) {
            MemorySegment before = Shards.of(Shards.bytes(data.get(shard)));
            MemorySegment part = data.get(shard).asSlice(77, bytes - 177);
            part.copyFrom(Shards.random(random, part.byteSize()));
            encoder.update(shard, 77, before.asSlice(77, part.byteSize()), part, parity);
        }
        Shards.checkEqual(parity, Shards.encoded(code, data));
    }

    @Test
    void shouldRefuseMemoryThatDoesNotFit() {
        ShardTransform encoder = new ReedSolomon(2, 1).encoder();
        List<MemorySegment> data = Shards.random(random, 2, 100);
        List<MemorySegment> parity = Shards.zeros(1, 100);

        assertThatThrownBy(() -> encoder.apply(data.subList(0, 1), parity))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> encoder.apply(data, data)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> encoder.apply(data, Shards.zeros(1, 99)))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> encoder.apply(data, parity, 50, 51)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> encoder.apply(data, parity, -1, 5)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> encoder.apply(data, List.of(parity.get(0).asReadOnly())))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> encoder.apply(List.of(data.get(0), MemorySegment.ofArray(new byte[100])), parity))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> encoder.accumulate(2, 0, data.get(0), parity))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> encoder.accumulate(0, 1, data.get(0), parity))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> encoder.update(0, 0, data.get(0), data.get(1).asSlice(1), parity))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldRefuseMemoryThatIsClosed() {
        ShardTransform encoder = new ReedSolomon(1, 1).encoder();
        List<MemorySegment> data;
        try (Arena arena = Arena.ofConfined()) {
            data = List.of(arena.allocate(100));
        }
        assertThatThrownBy(() -> encoder.apply(data, Shards.zeros(1, 100))).isInstanceOf(IllegalStateException.class);
    }
}
