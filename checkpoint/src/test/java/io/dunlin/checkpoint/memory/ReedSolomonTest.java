package io.dunlin.checkpoint.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The code, with the plain kernels and with the fast ones. */
class ReedSolomonTest {
    private final Random random = new Random(17);

    @ParameterizedTest
    @MethodSource("io.dunlin.checkpoint.memory.Shards#kernels")
    void shouldComputeWhatIsaLComputes(ShardKernels kernels) throws IOException {
        int codes = 0;
        try (BufferedReader lines = new BufferedReader(
                new InputStreamReader(getClass().getResourceAsStream("isal-2.30.txt"), StandardCharsets.US_ASCII))) {
            for (String line :
                    lines.lines().filter(text -> !text.startsWith("#")).toList()) {
                String[] words = line.split(" ");
                int parityShards = Integer.parseInt(words[2]);
                ReedSolomon code = new ReedSolomon(Integer.parseInt(words[1]), parityShards, kernels);
                byte[][] data = new byte[code.dataShards()][Integer.parseInt(words[3])];
                for (int shard = 0; shard < data.length; shard++) {
                    for (int i = 0; i < data[shard].length; i++) {
                        data[shard][i] = (byte) ((i + 1) * (2 * shard + 3) * 0x9E3779B1 >>> 24);
                    }
                }
                List<MemorySegment> parity =
                        Shards.encoded(code, Arrays.stream(data).map(Shards::of).toList());
                for (int row = 0; row < parityShards; row++) {
                    assertThat(HexFormat.of().formatHex(Shards.bytes(parity.get(row))))
                            .as(line)
                            .isEqualTo(words[4 + row]);
                }
                codes++;
            }
        }
        assertThat(codes).isEqualTo(20);
    }

    /** All sets of at most m lost shards, of all codes of up to twelve shards. */
    @ParameterizedTest
    @MethodSource("io.dunlin.checkpoint.memory.Shards#kernels")
    void shouldRebuildEveryPatternOfLosses(ShardKernels kernels) {
        for (int shards = 2; shards <= 12; shards++) {
            for (int parity = 1; parity < shards; parity++) {
                ReedSolomon code = new ReedSolomon(shards - parity, parity, kernels);
                List<MemorySegment> data = Shards.random(random, shards - parity, 67);
                List<MemorySegment> whole = Shards.all(data, Shards.encoded(code, data));
                for (int losses = 0; losses <= parity; losses++) {
                    for (Set<Integer> lost : Shards.subsets(shards, losses)) {
                        List<Integer> left = IntStream.range(0, shards)
                                .filter(shard -> !lost.contains(shard))
                                .boxed()
                                .toList();
                        Shards.checkRebuilt(code, whole, left, List.copyOf(lost));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.dunlin.checkpoint.memory.Shards#kernels")
    void shouldRebuildWhateverIsLostOfManyShards(ShardKernels kernels) {
        for (int round = 0; round < 60; round++) {
            int shards = 13 + random.nextInt(52);
            int parity = 1 + random.nextInt(shards - 1);
            ReedSolomon code = new ReedSolomon(shards - parity, parity, kernels);
            List<MemorySegment> data = Shards.random(random, shards - parity, 1 + random.nextInt(200));
            List<MemorySegment> whole = Shards.all(data, Shards.encoded(code, data));
            List<Integer> numbers =
                    new ArrayList<>(IntStream.range(0, shards).boxed().toList());
            Collections.shuffle(numbers, random);
            Shards.checkRebuilt(code, whole, numbers.subList(parity, shards), numbers.subList(0, parity));
        }
    }

    @ParameterizedTest
    @MethodSource("io.dunlin.checkpoint.memory.Shards#codes")
    void shouldTakeEverySize(ReedSolomon code) {
        int stride = ShardTransform.STRIDE_BYTES;
        for (int bytes :
                new int[] {0, 1, 2, 15, 63, 64, 65, 127, 1000, stride - 1, stride, stride + 1, 3 * stride + 77}) {
            List<MemorySegment> data = Shards.random(random, code.dataShards(), bytes);
            List<MemorySegment> parity = Shards.encoded(code, data);

            for (int row = 0; row < code.parityShards(); row++) {
                for (int at : new int[] {0, bytes / 2, bytes - 1}) {
                    if (at >= 0 && at < bytes) {
                        assertThat(parity.get(row).get(ValueLayout.JAVA_BYTE, at))
                                .isEqualTo(byteOfParity(code, row, data, at));
                    }
                }
            }
            List<Integer> numbers = new ArrayList<>(IntStream.range(0, code.dataShards() + code.parityShards())
                    .boxed()
                    .toList());
            Collections.shuffle(numbers, random);
            Shards.checkRebuilt(
                    code,
                    Shards.all(data, parity),
                    numbers.subList(code.parityShards(), numbers.size()),
                    numbers.subList(0, code.parityShards()));
        }
    }

    /** The formulas of the class comment, for one byte. */
    private static byte byteOfParity(ReedSolomon code, int row, List<MemorySegment> data, long at) {
        int sum = 0;
        for (int shard = 0; shard < data.size(); shard++) {
            int coefficient = code.parityShards() <= 3
                    ? GaloisField.powerOfTwo(row * shard)
                    : GaloisField.inverse(code.dataShards() + row ^ shard);
            sum ^= GaloisField.multiply(coefficient, data.get(shard).get(ValueLayout.JAVA_BYTE, at) & 0xFF);
        }
        return (byte) sum;
    }

    /** A shard that is damaged is as one that is lost, and one fewer may be lost besides. */
    @ParameterizedTest
    @MethodSource("io.dunlin.checkpoint.memory.Shards#kernels")
    void shouldMakeUpForADamagedShardAndALostOne(ShardKernels kernels) {
        ReedSolomon code = new ReedSolomon(6, 2, kernels);
        List<MemorySegment> data = Shards.random(random, 6, 1000);
        List<MemorySegment> whole = Shards.all(data, Shards.encoded(code, data));
        MemorySegment right = Shards.of(Shards.bytes(whole.get(4)));
        whole.get(4).set(ValueLayout.JAVA_BYTE, 500, (byte) (whole.get(4).get(ValueLayout.JAVA_BYTE, 500) ^ 1));

        ShardTransform decoder = code.decoder(List.of(7, 6, 5, 3, 2, 1), List.of(4, 0));
        List<MemorySegment> rebuilt = Shards.garbage(2, 1000);
        decoder.apply(Shards.chosen(whole, decoder.inputs()), rebuilt);

        Shards.checkEqual(rebuilt, List.of(right, data.get(0)));
    }

    /** D_x = (2^(y-x) A + 2^-x B) / (2^(y-x) + 1) and D_y = A + D_x, A and B being what P and Q lack of the shards left. */
    @Test
    void shouldAgreeWithTheFormulaForTwoLostDataShards() {
        for (int shards : new int[] {3, 8, 20}) {
            int[] data = random.ints(shards, 0, 256).toArray();
            for (int y = 1; y < shards; y++) {
                for (int x = 0; x < y; x++) {
                    int a = data[x] ^ data[y];
                    int b = GaloisField.multiply(GaloisField.powerOfTwo(x), data[x])
                            ^ GaloisField.multiply(GaloisField.powerOfTwo(y), data[y]);
                    int distance = GaloisField.powerOfTwo(y - x);
                    int first = GaloisField.multiply(
                            GaloisField.multiply(distance, a) ^ GaloisField.multiply(GaloisField.powerOfTwo(-x), b),
                            GaloisField.inverse(distance ^ 1));

                    assertThat(decoded(data, x, y))
                            .containsExactly(first, a ^ first)
                            .containsExactly(data[x], data[y]);
                }
            }
        }
    }

    private static int[] decoded(int[] data, int... lost) {
        ReedSolomon code = new ReedSolomon(data.length, 2, new PlainKernels());
        List<MemorySegment> shards = new ArrayList<>();
        for (int value : data) {
            shards.add(Shards.of(new byte[] {(byte) value}));
        }
        shards.addAll(Shards.encoded(code, shards));
        List<Integer> left =
                new ArrayList<>(IntStream.range(0, data.length + 2).boxed().toList());
        List<Integer> numbers = Arrays.stream(lost).boxed().toList();
        left.removeAll(numbers);
        ShardTransform decoder = code.decoder(left, numbers);
        List<MemorySegment> rebuilt = Shards.garbage(lost.length, 1);
        decoder.apply(Shards.chosen(shards, decoder.inputs()), rebuilt);
        return rebuilt.stream()
                .mapToInt(shard -> shard.get(ValueLayout.JAVA_BYTE, 0) & 0xFF)
                .toArray();
    }

    /** ISA-L takes lengths of 31 bits. The shards are one file with a hole. */
    @ParameterizedTest
    @MethodSource("io.dunlin.checkpoint.memory.Shards#kernels")
    void shouldReachBeyondFourGibibytes(ShardKernels kernels, @TempDir Path folder) throws IOException {
        long bytes = (4L << 30) + 12_345;
        List<MemorySegment> shards = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            for (int i = 0; i < 4; i++) {
                try (FileChannel file = FileChannel.open(
                        folder.resolve("shard-" + i),
                        StandardOpenOption.CREATE_NEW,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.SPARSE)) {
                    shards.add(file.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena));
                }
            }
            List<MemorySegment> tails =
                    shards.stream().map(shard -> shard.asSlice(bytes - 10_000)).toList();
            tails.get(0).copyFrom(Shards.random(random, 10_000));
            tails.get(1).copyFrom(Shards.random(random, 10_000));
            ReedSolomon code = new ReedSolomon(2, 2, kernels);
            code.encoder().apply(shards.subList(0, 2), shards.subList(2, 4), bytes - 10_000, 10_000);

            Shards.checkEqual(tails.subList(2, 4), Shards.encoded(code, tails.subList(0, 2)));
            assertThat(shards.get(2).asSlice(0, 1 << 20).mismatch(Arena.ofAuto().allocate(1 << 20)))
                    .isEqualTo(-1);
        }
    }

    @Test
    void shouldRefuseCodesThatDoNotExist() {
        for (int[] shape : new int[][] {{0, 1}, {1, 0}, {255, 2}, {1, 256}, {-1, 2}}) {
            assertThatThrownBy(() -> new ReedSolomon(shape[0], shape[1])).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void shouldRefuseToRebuildFromTooFewOrStrangeShards() {
        ReedSolomon code = new ReedSolomon(3, 2);
        assertThatThrownBy(() -> code.decoder(List.of(0, 4), List.of(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2 shards of 3 + 2 are left");
        for (List<Integer> left : List.of(List.of(0, 1, 5), List.of(0, 1, 1), List.of(0, 1, 2), List.of(-1, 0, 1))) {
            assertThatThrownBy(() -> code.decoder(left, List.of(2)))
                    .as("%s", left)
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }
}
