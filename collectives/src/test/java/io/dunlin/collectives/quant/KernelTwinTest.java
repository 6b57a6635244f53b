package io.dunlin.collectives.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.tensor.DType;
import io.dunlin.tensor.Philox;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** The fast kernels against the plain ones, bit for bit, at every length around vectors, groups and blocks. */
class KernelTwinTest {
    private static final Philox RANDOM = Philox.keyed(11, "quantise", "twin");

    private final Arena arena = Arena.ofAuto();

    record Setting(QuantizerSettings settings, int elements, long seed) {}

    @Provide
    Arbitrary<Setting> settings() {
        Arbitrary<Integer> blocks = Arbitraries.of(2, 6, 32, 34, 64, 100, 256, 1024);
        Arbitrary<Integer> elements = Arbitraries.oneOf(
                Arbitraries.integers().between(0, 600),
                Arbitraries.of(255, 256, 257, 511, 513, 1023, 1024, 1025, 4095, 4097, 70_001));
        return net.jqwik.api.Combinators.combine(
                        Arbitraries.of(8, 4), blocks, Arbitraries.of(Rounding.values()), elements, Arbitraries.longs())
                .as((bits, block, rounding, count, seed) ->
                        new Setting(new QuantizerSettings(bits, block, rounding), count, seed));
    }

    private BlockQuantizer plain(QuantizerSettings settings) {
        return new BlockQuantizer(settings, RANDOM, arena, new PlainKernels(settings.bits()));
    }

    private BlockQuantizer fast(QuantizerSettings settings) {
        return new BlockQuantizer(settings, RANDOM, arena, new VectorKernels(settings.bits()));
    }

    /** Gaussians, with some of what floats have to offer besides. */
    private static MemorySegment tensor(Setting setting, boolean broken) {
        MemorySegment floats = Floats.gaussian(setting.seed(), setting.elements());
        float[] odd = {0f, -0f, 0.5f, -1.5f, Float.MIN_VALUE, -Float.MIN_NORMAL, 1e-42f, Float.MAX_VALUE, 3e38f};
        float[] bad = {Float.NaN, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY};
        for (int i = 0; i < setting.elements() / 97; i++) {
            long at = Math.floorMod(setting.seed() * 31 + i * 7919L, setting.elements());
            Floats.put(floats, at, odd[i % odd.length]);
        }
        if (broken && setting.elements() > 0) {
            Floats.put(floats, setting.elements() / 2, bad[(int) Math.floorMod(setting.seed(), 3)]);
        }
        return floats;
    }

    @Property(tries = 400)
    void shouldEncodeAsThePlainKernelsDo(@ForAll("settings") Setting setting, @ForAll boolean broken) {
        MemorySegment floats = tensor(setting, broken);
        BlockQuantizer plain = plain(setting.settings());
        BlockQuantizer fast = fast(setting.settings());

        assertThat(Floats.encoded(fast, floats, 3).mismatch(Floats.encoded(plain, floats, 3)))
                .isEqualTo(-1);
        MemorySegment halves = Floats.halves(floats);
        MemorySegment fromHalves = Floats.room(plain.encodedBytes(setting.elements()));
        MemorySegment fastFromHalves = Floats.room(plain.encodedBytes(setting.elements()));
        plain.encode(halves, DType.BF16, fromHalves, 4);
        fast.encode(halves, DType.BF16, fastFromHalves, 4);
        assertThat(fastFromHalves.mismatch(fromHalves)).isEqualTo(-1);
    }

    @Property(tries = 300)
    void shouldDecodeAndSumAsThePlainKernelsDo(@ForAll("settings") Setting setting, @ForAll boolean broken) {
        BlockQuantizer plain = plain(setting.settings());
        BlockQuantizer fast = fast(setting.settings());
        List<MemorySegment> messages = IntStream.range(0, 3)
                .mapToObj(i -> new Setting(setting.settings(), setting.elements(), setting.seed() + i))
                .map(each -> Floats.encoded(plain, tensor(each, broken)))
                .toList();
        for (DType dtype : List.of(DType.F32, DType.BF16)) {
            MemorySegment expected = Floats.room((long) setting.elements() * dtype.bytes());
            MemorySegment actual = Floats.room((long) setting.elements() * dtype.bytes());
            plain.decode(messages.getFirst(), expected, dtype);
            fast.decode(messages.getFirst(), actual, dtype);
            assertThat(actual.mismatch(expected)).isEqualTo(-1);
        }
        MemorySegment accumulated = Floats.decoded(plain, messages.getFirst(), setting.elements());
        messages.subList(1, 3).forEach(message -> plain.accumulate(message, accumulated));
        MemorySegment sum = Floats.room(4L * setting.elements());
        fast.sum(messages, sum);
        assertThat(sum.mismatch(accumulated)).isEqualTo(-1);

        long[] addresses = messages.stream().mapToLong(MemorySegment::address).toArray();
        MemorySegment mean = Floats.room(4L * setting.elements());
        plain.sum(
                addresses, 3, 3, new Run().at(accumulated.address(), DType.F32).of(0, setting.elements()));
        fast.sum(addresses, 3, 3, new Run().at(mean.address(), DType.F32).of(0, setting.elements()));
        assertThat(mean.mismatch(accumulated)).isEqualTo(-1);
    }

    @Property(tries = 100)
    void shouldCarryErrorsAsThePlainKernelsDo(@ForAll("settings") Setting setting) {
        ErrorFeedback plain = new ErrorFeedback(plain(setting.settings()), 0.8f, setting.elements(), arena);
        ErrorFeedback fast = new ErrorFeedback(fast(setting.settings()), 0.8f, setting.elements(), arena);
        for (int step = 0; step < 3; step++) {
            MemorySegment floats = Floats.gaussian(setting.seed() + step, setting.elements());
            assertThat(Floats.encoded(fast, floats, step).mismatch(Floats.encoded(plain, floats, step)))
                    .isEqualTo(-1);
            assertThat(fast.state().mismatch(plain.state())).isEqualTo(-1);
        }
        if (setting.elements() > 0) {
            assertThat(fast.signalToNoise().decibels())
                    .isCloseTo(plain.signalToNoise().decibels(), within(0.01));
        }
    }

    @Property(tries = 50)
    void shouldDrawAPartOfATensorAsThatPartOfTheWhole(@ForAll("settings") Setting setting) {
        QuantizerSettings settings = new QuantizerSettings(setting.settings().bits(), 64, Rounding.STOCHASTIC);
        MemorySegment floats = Floats.gaussian(setting.seed(), setting.elements() + 128);
        MemorySegment whole = Floats.sent(fast(settings), floats);
        BlockQuantizer part = fast(settings);
        int elements = setting.elements() + 64;
        MemorySegment message = Floats.room(part.encodedBytes(elements));
        Run run = new Run().at(floats.address() + 64 * 4, DType.F32).of(64, elements);
        part.encode(run, message.address());
        assertThat(Floats.decoded(part, message, elements).mismatch(whole.asSlice(64 * 4)))
                .isEqualTo(-1);
    }
}
