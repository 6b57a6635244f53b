package io.dunlin.collectives.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Communicator;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Philox;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The two hops on all kinds of shapes: what lands where, with which scale, at which cost. */
class QuantizedReduceScatterTest {
    private static final int BLOCK = 32;

    private static BlockQuantizer quantizer(int bits, int blockElements, Rounding rounding) {
        return new BlockQuantizer(
                new QuantizerSettings(bits, blockElements, rounding),
                Philox.keyed(1, "quantise", "gradient"),
                Arena.ofAuto());
    }

    private static BlockQuantizer nearest(int bits) {
        return quantizer(bits, BLOCK, Rounding.NEAREST_EVEN);
    }

    private static QuantizedReduceScatter exchange(TwoLevelGroup group, TensorSpec tensor, int bits) {
        return new QuantizedReduceScatter(group, tensor, nearest(bits), nearest(bits), Arena.ofAuto());
    }

    /** What this rank ends with, of a tensor that starts the same on all ranks. */
    private static MemorySegment reduced(QuantizedReduceScatter exchange, MemorySegment gradient) {
        MemorySegment slice = Floats.room(4 * exchange.sliceElements());
        exchange.start(gradient, slice, 1).await();
        return slice;
    }

    /** Whole numbers on the grid of levels: each block of each slice has the largest level. */
    private static float grid(TwoLevelGroup group, int elements, int index, int largest) {
        int slice = 0;
        while (group.sliceStart(elements, slice + 1) <= index) {
            slice++;
        }
        long place = index - group.sliceStart(elements, slice);
        return place % BLOCK == 0 ? largest : (place * 5 + slice * 3L) % (2 * largest + 1) - largest;
    }

    /** Every rank contributes the grid times its own number, so scales differ, and all sums are on a grid too. */
    @ParameterizedTest
    @CsvSource({"1, 1", "1, 2", "2, 1", "1, 3", "3, 1", "2, 2", "2, 3", "3, 2", "3, 3", "2, 4", "5, 1"})
    void shouldBeExactOnGridsAndBringSlicePToRankP(int hosts, int ranksPerHost) {
        try (Hosts world = new Hosts(hosts, ranksPerHost)) {
            for (int bits : new int[] {4, 8}) {
                for (int elements : new int[] {0, 1, 2, 7, 32, 601, 5_000}) {
                    for (DType dtype : List.of(DType.F32, DType.BF16)) {
                        if (dtype == DType.F32 || bits == 4) { // numbers of 7 bits times a rank do not fit into BF16
                            world.run(group -> checkGrid(group, new TensorSpec(7, dtype, elements), bits));
                        }
                    }
                }
            }
        }
    }

    private static boolean checkGrid(TwoLevelGroup group, TensorSpec tensor, int bits) {
        int elements = (int) tensor.elements();
        int largest = (1 << (bits - 1)) - 1;
        MemorySegment gradient = Floats.room(4L * elements);
        for (int i = 0; i < elements; i++) {
            Floats.put(gradient, i, grid(group, elements, i, largest) * (group.rank() + 1));
        }
        MemorySegment slice = reduced(
                exchange(group, tensor, bits), tensor.dtype() == DType.BF16 ? Floats.halves(gradient) : gradient);
        float weights = group.size() * (group.size() + 1) / 2f;
        int first = (int) group.sliceStart(elements, group.rank());
        for (int i = 0; i < slice.byteSize() / 4; i++) {
            assertThat(Floats.get(slice, i))
                    .as("element %d of %s on rank %d", first + i, tensor, group.rank())
                    .isEqualTo(grid(group, elements, first + i, largest) * weights / group.size());
        }
        return true;
    }

    /** Divided once by all ranks, whatever the shape: no factor of the ranks of a host remains. */
    @ParameterizedTest
    @CsvSource({"1, 1", "1, 4", "4, 1", "2, 2", "2, 3", "3, 2"})
    void shouldGiveTheConstantThatAllRanksHave(int hosts, int ranksPerHost) {
        try (Hosts world = new Hosts(hosts, ranksPerHost)) {
            for (int elements : new int[] {1, 5, 12, 48 * 64, 47 * 61, 1_000}) {
                for (int bits : new int[] {4, 8}) {
                    world.run(group -> {
                        MemorySegment gradient = Floats.room(4L * elements);
                        for (int i = 0; i < elements; i++) {
                            Floats.put(gradient, i, 0.1f);
                        }
                        MemorySegment slice =
                                reduced(exchange(group, new TensorSpec(1, DType.F32, elements), bits), gradient);
                        for (int i = 0; i < slice.byteSize() / 4; i++) {
                            assertThat(Floats.get(slice, i)).isCloseTo(0.1f, within(1e-7f));
                        }
                        return true;
                    });
                }
            }
        }
    }

    /** Members of each host added in order, then hosts in order, then one division. */
    private static float mean(List<MemorySegment> gradients, TwoLevelGroup group, long index) {
        return sum(gradients, group, index) / group.size();
    }

    private static float sum(List<MemorySegment> gradients, TwoLevelGroup group, long index) {
        float sum = 0;
        for (int host = 0; host < group.hosts(); host++) {
            float hostSum = Floats.get(gradients.get(group.rank(host, 0)), index);
            for (int member = 1; member < group.ranksPerHost(); member++) {
                hostSum += Floats.get(gradients.get(group.rank(host, member)), index);
            }
            sum = host == 0 ? hostSum : sum + hostSum;
        }
        return sum;
    }

    private static List<MemorySegment> gaussians(int ranks, int elements) {
        List<MemorySegment> gradients = new ArrayList<>();
        for (int rank = 0; rank < ranks; rank++) {
            gradients.add(Floats.gaussian(rank, elements));
        }
        return gradients;
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "1, 3", "3, 1", "2, 2", "3, 2"})
    void shouldBeTheExactReduceScatterWhenNothingIsQuantised(int hosts, int ranksPerHost) {
        int elements = 70_003;
        List<MemorySegment> gradients = gaussians(hosts * ranksPerHost, elements);
        try (Hosts world = new Hosts(hosts, ranksPerHost)) {
            world.run(group -> {
                QuantizedReduceScatter exchange = new QuantizedReduceScatter(
                        group,
                        new TensorSpec(1, DType.F32, elements),
                        new ExactCodec(),
                        new ExactCodec(),
                        Arena.ofAuto());
                MemorySegment slice = reduced(exchange, gradients.get(group.rank()));
                long first = group.sliceStart(elements, group.rank());
                for (int i = 0; i < slice.byteSize() / 4; i++) {
                    assertThat(Floats.get(slice, i)).isEqualTo(mean(gradients, group, first + i));
                }
                return true;
            });
        }
    }

    /** Slices as their owner cut them: in the order of places, of unlike lengths, one empty. Nothing is divided. */
    @ParameterizedTest
    @CsvSource({"1, 3", "3, 1", "2, 2", "2, 3"})
    void shouldSumGivenSlicesWhereverTheyLie(int hosts, int ranksPerHost) {
        int ranks = hosts * ranksPerHost;
        Long[] starts = new Long[ranks];
        Long[] lengths = new Long[ranks];
        long at = 0;
        for (int part = 0; part < ranks; part++) {
            int rank = part % hosts * ranksPerHost + part / hosts;
            starts[rank] = at;
            lengths[rank] = part == 1 ? 0L : 100L + 37 * part;
            at += lengths[rank];
        }
        ReducedSlices slices = new ReducedSlices(List.of(starts), List.of(lengths), ReducedSlices.Total.SUM);
        int elements = (int) at;
        List<MemorySegment> gradients = gaussians(ranks, elements);
        try (Hosts world = new Hosts(hosts, ranksPerHost)) {
            world.run(group -> {
                MemorySegment own = Floats.room(4L * elements);
                own.copyFrom(gradients.get(group.rank()));
                QuantizedReduceScatter exchange = new QuantizedReduceScatter(
                        group,
                        new TensorSpec(1, DType.F32, elements),
                        slices,
                        new QuantizedReduceScatter.Codecs(new ExactCodec(), new ExactCodec()),
                        Arena.ofAuto());
                long first = starts[group.rank()];
                MemorySegment inPlace = own.asSlice(4 * first, 4 * exchange.sliceElements());
                exchange.start(own, inPlace, 1).await();
                for (int i = 0; i < exchange.sliceElements(); i++) {
                    assertThat(Floats.get(inPlace, i)).isEqualTo(sum(gradients, group, first + i));
                }
                return true;
            });
        }
    }

    /** Where each rank has a part of its own of the gradient, half the bytes are an error and not other numbers. */
    @Test
    void shouldRefuseBf16WhereF32WasAgreed() {
        try (Hosts world = new Hosts(1, 2)) {
            world.run(group -> {
                QuantizedReduceScatter exchange = exchange(group, new TensorSpec(1, DType.F32, 1_000), 4);
                MemorySegment halves = Floats.halves(Floats.gaussian(1, 1_000));
                assertThatThrownBy(() -> reduced(exchange, halves))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("gradient has 4,000 bytes");
                return true;
            });
        }
    }

    /** Measured on Gaussians: cosine with the exact mean, of two hosts of two ranks. */
    @ParameterizedTest
    @CsvSource({"4, NEAREST_EVEN, 0.984", "4, STOCHASTIC, 0.968", "8, NEAREST_EVEN, 0.9999", "8, STOCHASTIC, 0.9998"})
    void shouldPointWhereTheGradientPoints(int bits, Rounding rounding, double least) {
        int elements = 100_000;
        List<MemorySegment> gradients = gaussians(4, elements);
        try (Hosts world = new Hosts(2, 2)) {
            List<Double> cosines = world.run(group -> {
                int block = QuantizerSettings.BLOCK_ELEMENTS;
                BlockQuantizer inner = quantizer(bits, block, rounding);
                BlockQuantizer outer = quantizer(bits, block, rounding);
                TensorSpec tensor = new TensorSpec(1, DType.F32, elements);
                MemorySegment slice = reduced(
                        new QuantizedReduceScatter(group, tensor, inner, outer, Arena.ofAuto()),
                        gradients.get(group.rank()));
                assertThat(inner.signalToNoise().decibels()).isBetween(bits * 6 - 10.0, bits * 6.0);
                assertThat(outer.signalToNoise().decibels()).isBetween(bits * 6 - 10.0, bits * 6.0);
                double both = 0;
                double theirs = 0;
                double ours = 0;
                long first = group.sliceStart(elements, group.rank());
                for (int i = 0; i < slice.byteSize() / 4; i++) {
                    double exact = mean(gradients, group, first + i);
                    both += exact * Floats.get(slice, i);
                    theirs += exact * exact;
                    ours += Floats.get(slice, i) * (double) Floats.get(slice, i);
                }
                return both / Math.sqrt(theirs * ours);
            });
            assertThat(cosines).allMatch(cosine -> cosine >= least);
        }
    }

    @Test
    void shouldSendAQuarterOfTheBytesOfBf16() {
        int elements = 1_000_003;
        AtomicLong sent = new AtomicLong();
        try (Hosts world = new Hosts(2, 2, communicator -> counting(communicator, sent))) {
            List<Long> said = world.run(group -> {
                BlockQuantizer inner =
                        new BlockQuantizer(QuantizerSettings.INT4, Philox.keyed(1, "a", ""), Arena.ofAuto());
                BlockQuantizer outer =
                        new BlockQuantizer(QuantizerSettings.INT4, Philox.keyed(1, "b", ""), Arena.ofAuto());
                QuantizedReduceScatter exchange = new QuantizedReduceScatter(
                        group, new TensorSpec(1, DType.BF16, elements), inner, outer, Arena.ofAuto());
                reduced(exchange, Floats.halves(Floats.gaussian(group.rank(), elements)));
                return exchange.bytesInsideHost() + exchange.bytesBetweenHosts();
            });
            assertThat(said.stream().mapToLong(Long::longValue).sum()).isEqualTo(sent.get());
            // Each rank: half of the tensor inside the host, then half of that half between hosts.
            double bytesOfBf16 = 4 * (0.5 + 0.25) * elements * 2;
            assertThat(sent.get() / bytesOfBf16).isLessThan(0.27).isCloseTo(0.258, within(0.001));
        }
    }

    /** Counts what an all-to-all sends to other members. */
    private static Communicator counting(Communicator communicator, AtomicLong bytes) {
        return (Communicator) Proxy.newProxyInstance(
                Communicator.class.getClassLoader(),
                new Class<?>[] {Communicator.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("allToAll")) {
                        List<?> runs = (List<?>) arguments[1];
                        runs.forEach(run -> bytes.addAndGet((Long) run));
                        bytes.addAndGet(-(Long) runs.get(communicator.rank()));
                    }
                    try {
                        Object result = method.invoke(communicator, arguments);
                        return method.getName().equals("label") ? proxy : result;
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void shouldDeliverWhatIsNotFiniteAsNanToItsOwner(float bad) {
        int elements = 1_000;
        try (Hosts world = new Hosts(2, 2)) {
            List<Long> broken = world.run(group -> {
                MemorySegment gradient = Floats.gaussian(group.rank(), elements);
                if (group.rank() == 1) {
                    Floats.put(gradient, 513, bad); // slice 2, block 0
                }
                MemorySegment slice = reduced(exchange(group, new TensorSpec(1, DType.F32, elements), 4), gradient);
                long count = 0;
                for (int i = 0; i < slice.byteSize() / 4; i++) {
                    count += Float.isFinite(Floats.get(slice, i)) ? 0 : 1;
                }
                return count;
            });
            assertThat(broken).containsExactly(0L, 0L, (long) BLOCK, 0L);
        }
    }

    /** Members poll and await in different orders; the second hops are in one order all the same. */
    @Test
    void shouldKeepTheOrderOfStartsWhateverIsPolledFirst() {
        int elements = 5_000;
        try (Hosts world = new Hosts(2, 2)) {
            world.run(group -> {
                List<QuantizedReduceScatter> exchanges = new ArrayList<>();
                List<MemorySegment> slices = new ArrayList<>();
                for (int i = 0; i < 4; i++) {
                    exchanges.add(exchange(group, new TensorSpec(i, DType.F32, elements), 4));
                    slices.add(Floats.room(4 * exchanges.get(i).sliceElements()));
                }
                for (int step = 0; step < 5; step++) {
                    for (int i = 0; i < 4; i++) {
                        MemorySegment gradient = Floats.room(4L * elements);
                        for (int j = 0; j < elements; j++) {
                            Floats.put(gradient, j, i + 1f);
                        }
                        exchanges.get(i).start(gradient, slices.get(i), step);
                    }
                    for (int k = 0; k < 4; k++) {
                        int i = group.rank() % 2 == 0 ? k : 3 - k;
                        while (group.rank() < 2 && !exchanges.get(i).done()) {
                            Thread.onSpinWait();
                        }
                        exchanges.get(i).await();
                        assertThat(Floats.get(slices.get(i), 0)).isCloseTo(i + 1f, within(1e-5f));
                    }
                }
                return true;
            });
        }
    }

    @Test
    void shouldFailOnEveryRankWhenOneGivesUp() {
        try (Hosts world = new Hosts(2, 2)) {
            world.run(group -> {
                QuantizedReduceScatter exchange = exchange(group, new TensorSpec(1, DType.F32, 100_000), 4);
                MemorySegment slice = Floats.room(4 * exchange.sliceElements());
                MemorySegment gradient = Floats.gaussian(1, 100_000);
                if (group.rank() == 3) {
                    exchange.abort(CollectiveException.aborted("enough"));
                }
                exchange.start(gradient, slice, 1);
                if (!exchange.done()) {
                    assertThatThrownBy(() -> exchange.start(gradient, slice, 1))
                            .isInstanceOf(IllegalStateException.class)
                            .hasMessageContaining("not awaited");
                }
                assertThatThrownBy(exchange::await).isInstanceOf(CollectiveException.class);
                return true;
            });
        }
    }

    /** As if nothing had been tried: neither it nor the exchanges of its group wait for what was never sent. */
    @ParameterizedTest
    @CsvSource({"2, 2", "2, 1"})
    void shouldStartAgainAfterACallThatWasRefused(int hosts, int ranksPerHost) {
        ThreadLocal<Boolean> refused = ThreadLocal.withInitial(() -> false);
        try (Hosts world = new Hosts(hosts, ranksPerHost, communicator -> refusingOnce(communicator, refused))) {
            world.run(group -> {
                QuantizedReduceScatter exchange = exchange(group, new TensorSpec(1, DType.F32, 100), 4);
                MemorySegment gradient = Floats.gaussian(1, 100);
                assertThatThrownBy(() -> reduced(exchange, gradient)).hasMessage("refused");
                assertThat(exchange.done()).isTrue();
                MemorySegment first = reduced(exchange, gradient);
                assertThat(reduced(exchange(group, new TensorSpec(1, DType.F32, 100), 4), gradient)
                                .mismatch(first))
                        .isEqualTo(-1);
                return true;
            });
        }
    }

    /** Refuses the first all-to-all of each thread. */
    private static Communicator refusingOnce(Communicator communicator, ThreadLocal<Boolean> refused) {
        return (Communicator) Proxy.newProxyInstance(
                Communicator.class.getClassLoader(),
                new Class<?>[] {Communicator.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("allToAll") && !refused.get()) {
                        refused.set(true);
                        throw new IllegalArgumentException("refused");
                    }
                    Object result = method.invoke(communicator, arguments);
                    return method.getName().equals("label") ? proxy : result;
                });
    }

    @Test
    void shouldRefuseAnotherRanksTensorOrForm() {
        try (Hosts world = new Hosts(1, 2)) {
            world.run(group -> {
                QuantizedReduceScatter exchange = exchange(group, new TensorSpec(group.rank(), DType.F32, 1_000), 4);
                MemorySegment slice = Floats.room(4 * exchange.sliceElements());
                exchange.start(Floats.gaussian(1, 1_000), slice, 1);
                assertThatThrownBy(exchange::await)
                        .isInstanceOf(CollectiveException.class)
                        .extracting(e -> ((CollectiveException) e).code())
                        .isEqualTo("DUN-703");
                return true;
            });
        }
    }
}
