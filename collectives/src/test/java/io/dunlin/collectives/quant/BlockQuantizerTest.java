package io.dunlin.collectives.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import io.dunlin.collectives.CollectiveException;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Philox;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a message says of its tensor: bounds, bias, values that are no numbers, and the layout. */
class BlockQuantizerTest {
    /** Compilation waits for its turn on a busy machine. */
    private static final int MOST_WARM_UPS = 200;

    private final Arena arena = Arena.ofAuto();

    private BlockQuantizer quantizer(int bits, int blockElements, Rounding rounding) {
        return new BlockQuantizer(
                new QuantizerSettings(bits, blockElements, rounding), Philox.keyed(5, "quantise", "test"), arena);
    }

    private BlockQuantizer nearest(int bits, int blockElements) {
        return quantizer(bits, blockElements, Rounding.NEAREST_EVEN);
    }

    private static float largest(MemorySegment floats, long from, long to) {
        float largest = 0;
        for (long i = from; i < to; i++) {
            largest = Math.max(largest, Math.abs(Floats.get(floats, i)));
        }
        return largest;
    }

    @ParameterizedTest
    @CsvSource({"8, 64", "4, 64", "8, 256", "4, 256", "4, 34", "8, 65536"})
    void shouldErrByAtMostHalfAScale(int bits, int blockElements) {
        for (int elements : new int[] {0, 1, 2, 63, 64, 65, 255, 257, 100_001}) {
            MemorySegment floats = Floats.gaussian(elements, elements);
            MemorySegment sent = Floats.sent(nearest(bits, blockElements), floats);
            MemorySegment drawn = Floats.sent(quantizer(bits, blockElements, Rounding.STOCHASTIC), floats);
            for (long block = 0; block < elements; block += blockElements) {
                long end = Math.min(elements, block + blockElements);
                double scale = largest(floats, block, end) / ((1 << (bits - 1)) - 1.0);
                for (long i = block; i < end; i++) {
                    double x = Floats.get(floats, i);
                    assertThat(Math.abs(x - Floats.get(sent, i))).isLessThanOrEqualTo(scale / 2 * (1 + 1e-4));
                    assertThat(Math.abs(x - Floats.get(drawn, i))).isLessThan(scale * (1 + 1e-4));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 4})
    void shouldTreatBothSignsAlikeAndKeepTheLargest(int bits) {
        MemorySegment floats = Floats.gaussian(3, 1000);
        MemorySegment mirrored = Floats.room(4000);
        for (int i = 0; i < 1000; i++) {
            Floats.put(mirrored, i, -Floats.get(floats, i));
        }
        MemorySegment sent = Floats.sent(nearest(bits, 64), floats);
        MemorySegment sentMirrored = Floats.sent(nearest(bits, 64), mirrored);
        for (int i = 0; i < 1000; i++) {
            assertThat(Floats.get(sentMirrored, i)).isEqualTo(-Floats.get(sent, i) + 0f);
        }
        assertThat(largest(sent, 0, 64)).isCloseTo(largest(floats, 0, 64), within(1e-6f));
    }

    /** A true bias of 2^-17 of a scale is what 16 random bits allow; three sigma of the mean are far more. */
    @ParameterizedTest
    @ValueSource(ints = {8, 4})
    void shouldBeRightOnAverageWhenStochastic(int bits) {
        int elements = 130;
        int draws = 4000;
        MemorySegment floats = Floats.gaussian(17, elements);
        Floats.put(floats, 0, 3f); // the scale of the first block
        BlockQuantizer quantizer = quantizer(bits, 64, Rounding.STOCHASTIC);
        double[] sums = new double[elements];
        for (int draw = 0; draw < draws; draw++) {
            MemorySegment sent = Floats.decoded(quantizer, Floats.encoded(quantizer, floats, draw), elements);
            for (int i = 0; i < elements; i++) {
                sums[i] += Floats.get(sent, i);
            }
        }
        double total = 0;
        double variance = 0;
        for (int i = 0; i < elements; i++) {
            double scale =
                    largest(floats, i / 64 * 64, Math.min(elements, i / 64 * 64 + 64)) / ((1 << (bits - 1)) - 1.0);
            double position = Floats.get(floats, i) / scale;
            double up = position - Math.floor(position);
            double sigma = scale * Math.sqrt(up * (1 - up) / draws);
            // Of 130 elements one may well be beyond three sigma; none is beyond five.
            assertThat(sums[i] / draws - Floats.get(floats, i)).isCloseTo(0, within(5 * sigma + 1e-4 * scale));
            total += sums[i] / draws - Floats.get(floats, i);
            variance += sigma * sigma;
        }
        assertThat(total).as("bias of all elements").isCloseTo(0, within(3 * Math.sqrt(variance)));
    }

    @Test
    void shouldDrawTheSameBitsForTheSameNumbersAndOthersForOthers() {
        MemorySegment floats = Floats.gaussian(9, 777);
        BlockQuantizer quantizer = quantizer(4, 128, Rounding.STOCHASTIC);
        MemorySegment first = Floats.encoded(quantizer, floats, 41);
        assertThat(Floats.encoded(quantizer, floats, 42).mismatch(first)).isNotEqualTo(-1);
        assertThat(Floats.encoded(quantizer(4, 128, Rounding.STOCHASTIC), floats, 41)
                        .mismatch(first))
                .isEqualTo(-1);
    }

    @ParameterizedTest
    @CsvSource({"8, NaN", "8, Infinity", "4, -Infinity", "4, NaN"})
    void shouldDeliverABlockThatIsNotFiniteAsNan(int bits, float bad) {
        MemorySegment floats = Floats.gaussian(2, 300);
        Floats.put(floats, 130, bad);
        BlockQuantizer quantizer = nearest(bits, 128);
        MemorySegment sent = Floats.sent(quantizer, floats);
        for (int i = 0; i < 300; i++) {
            assertThat(Float.isNaN(Floats.get(sent, i))).isEqualTo(i >= 128 && i < 256);
        }
        assertThat(quantizer.signalToNoise().brokenBlocks()).isEqualTo(1);

        MemorySegment sum = Floats.room(1200);
        quantizer.sum(
                List.of(Floats.encoded(quantizer, Floats.gaussian(4, 300)), Floats.encoded(quantizer, floats)), sum);
        assertThat(Floats.get(sum, 200)).isNaN();
        assertThat(Floats.get(sum, 256)).isFinite();
        MemorySegment again = Floats.sent(quantizer, sum);
        assertThat(Floats.get(again, 128)).as("after the second hop").isNaN();
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 4})
    void shouldKeepZerosAndWhatIsSmallestAndLargest(int bits) {
        float level = (1 << (bits - 1)) - 1;
        MemorySegment floats = Floats.room(4L * 4 * 32);
        for (int i = 0; i < 32; i++) {
            Floats.put(floats, i, i % 2 == 0 ? 0f : -0f);
            Floats.put(floats, 32 + i, Float.MIN_VALUE * i);
            Floats.put(floats, 64 + i, Float.MIN_NORMAL * i);
            Floats.put(floats, 96 + i, i % 2 == 0 ? Float.MAX_VALUE : -Float.MAX_VALUE);
        }
        MemorySegment sent = Floats.sent(nearest(bits, 32), floats);
        for (int i = 0; i < 32; i++) {
            assertThat(Floats.get(sent, i)).isZero();
            assertThat(Floats.get(sent, 32 + i)).isZero();
            float scale = Float.MIN_NORMAL * Math.max(1, 31 / level);
            assertThat(Floats.get(sent, 64 + i)).isCloseTo(Float.MIN_NORMAL * i, within(scale * 0.51f));
            assertThat(Floats.get(sent, 96 + i) / Floats.get(floats, 96 + i)).isCloseTo(1f, within(1e-6f));
        }
    }

    /** The largest magnitudes, whose scale times the largest level could be rounded to infinity. */
    @ParameterizedTest
    @ValueSource(ints = {8, 4})
    void shouldNotOverflowNearTheLargestFloat(int bits) {
        for (int below = 0; below < 300; below++) {
            float x = Float.intBitsToFloat(Float.floatToRawIntBits(Float.MAX_VALUE) - below);
            assertThat(Floats.get(Floats.sent(nearest(bits, 32), Floats.of(x)), 0))
                    .isFinite();
        }
    }

    @ParameterizedTest
    @CsvSource({"8, 64, 44.5", "8, 256, 43.1", "8, 2048, 41.6", "4, 64, 19.4", "4, 256, 18.0", "4, 2048, 16.4"})
    void shouldHaveTheSignalToNoiseRatioOfGaussians(int bits, int blockElements, double decibels) {
        MemorySegment floats = Floats.gaussian(1, 1 << 20);
        BlockQuantizer quantizer = nearest(bits, blockElements);
        MemorySegment sent = Floats.sent(quantizer, floats);
        double signal = 0;
        double noise = 0;
        for (int i = 0; i < 1 << 20; i++) {
            double x = Floats.get(floats, i);
            signal += x * x;
            noise += (x - Floats.get(sent, i)) * (x - Floats.get(sent, i));
        }
        double actual = 10 * Math.log10(signal / noise);
        assertThat(actual).isCloseTo(decibels, within(0.1));
        assertThat(quantizer.signalToNoise().decibels()).as("sampled").isCloseTo(actual, within(0.15));
        quantizer.signalToNoise().reset();
        assertThat(quantizer.signalToNoise().decibels()).isNaN();

        BlockQuantizer stochastic = quantizer(bits, blockElements, Rounding.STOCHASTIC);
        Floats.encoded(stochastic, floats);
        assertThat(stochastic.signalToNoise().decibels()).isCloseTo(actual - 3, within(0.2));
    }

    @Test
    void shouldLayOutAMessageAsDescribed() {
        BlockQuantizer quantizer = nearest(4, 34);
        float[] values = new float[37];
        for (int i = 0; i < 37; i++) {
            values[i] = i % 8;
        }
        values[36] = -7;
        MemorySegment message = Floats.encoded(quantizer, Floats.of(values));
        assertThat(message.byteSize()).isEqualTo(16 + 2 * 4 + 17 + 2);
        assertThat(message.get(ValueLayout.JAVA_INT_UNALIGNED, 0)).isEqualTo('D' | 'Q' << 8 | 1 << 16 | 4 << 24);
        assertThat(message.get(ValueLayout.JAVA_INT_UNALIGNED, 4)).isEqualTo(34);
        assertThat(message.get(ValueLayout.JAVA_LONG_UNALIGNED, 8)).isEqualTo(37);
        assertThat(message.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 16)).isEqualTo(1f);
        assertThat(message.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 20)).isEqualTo(1f);
        assertThat(message.get(ValueLayout.JAVA_BYTE, 24 + 5)).isEqualTo((byte) (5 | 5 << 4)); // elements 5 and 21
        assertThat(message.get(ValueLayout.JAVA_BYTE, 24 + 16)).isEqualTo((byte) (0 | 1 << 4)); // 32 and 33
        assertThat(message.get(ValueLayout.JAVA_BYTE, 24 + 17)).isEqualTo((byte) (2 | -7 << 4)); // 34 and 36
        assertThat(message.get(ValueLayout.JAVA_BYTE, 24 + 18)).isEqualTo((byte) 3); // 35 and nobody
    }

    @Test
    void shouldRefuseMessagesOfAnotherForm() {
        MemorySegment message = Floats.encoded(nearest(8, 64), Floats.gaussian(1, 100));
        MemorySegment target = Floats.room(400);
        assertThatThrownBy(() -> nearest(8, 66).decode(message, target, DType.F32))
                .isInstanceOf(CollectiveException.class)
                .hasMessageContaining("100 elements of 8 bits in blocks of 66")
                .hasMessageContaining("100 elements of 8 bits in blocks of 64");
        message.set(ValueLayout.JAVA_INT_UNALIGNED, 0, 7);
        assertThatThrownBy(() -> nearest(8, 64).sum(List.of(message), target))
                .isInstanceOf(CollectiveException.class)
                .hasMessageContaining("no quantised message");
        assertThatThrownBy(() -> nearest(8, 64).decode(message.asSlice(1), target, DType.F32))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> nearest(8, 64).encode(target, DType.I32, message, 0))
                .hasMessageContaining("I32");
        assertThatThrownBy(() -> nearest(8, 63)).hasMessageContaining("even");
        assertThatThrownBy(() -> nearest(5, 64)).hasMessageContaining("8 or 4");
    }

    @Test
    void shouldReadBf16AsWhatItIs() {
        MemorySegment floats = Floats.of(1f, -2f, 127f, 3f, 0.5f);
        BlockQuantizer quantizer = nearest(8, 256);
        MemorySegment message = Floats.room(quantizer.encodedBytes(5));
        quantizer.encode(Floats.halves(floats), DType.BF16, message, 0);
        assertThat(message.mismatch(Floats.encoded(quantizer, floats))).isEqualTo(-1);
    }

    @Test
    void shouldAllocateNothing() {
        int elements = 4_000 + 7;
        MemorySegment floats = Floats.gaussian(1, elements);
        MemorySegment halves = Floats.halves(floats);
        List<Codec> codecs = List.of(
                nearest(8, 256),
                nearest(4, 256),
                quantizer(4, 100, Rounding.STOCHASTIC),
                new ErrorFeedback(nearest(4, 256), ErrorFeedback.BETA, elements, arena));
        for (Codec codec : codecs) {
            MemorySegment message = Floats.room(codec.encodedBytes(elements));
            long address = message.address();
            MemorySegment target = Floats.room(4L * elements);
            long[] messages = {address, address, address};
            Run run = new Run().of(0, elements);
            ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            long allocated = Long.MAX_VALUE;
            for (int attempt = 0; attempt < MOST_WARM_UPS && allocated > 0; attempt++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 1_000; i++) {
                    codec.encode(run.at(halves.address(), DType.BF16), address);
                    codec.encode(run.at(floats.address(), DType.F32), address);
                    codec.sum(messages, 3, 3, run.at(target.address(), DType.F32));
                    codec.decode(address, run.at(target.address(), DType.BF16));
                }
                allocated = threads.getCurrentThreadAllocatedBytes() - before;
            }
            assertThat(allocated)
                    .as("%s, message of %d bytes", codec, message.byteSize())
                    .isZero();
        }
    }
}
