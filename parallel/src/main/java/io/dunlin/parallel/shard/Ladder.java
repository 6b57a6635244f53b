package io.dunlin.parallel.shard;

import io.dunlin.collectives.quant.BlockQuantizer;
import io.dunlin.collectives.quant.Codec;
import io.dunlin.collectives.quant.ErrorFeedback;
import io.dunlin.collectives.quant.ExactCodec;
import io.dunlin.collectives.quant.QuantizerSettings;
import io.dunlin.collectives.quant.Rounding;
import io.dunlin.collectives.quant.SignalToNoise;
import io.dunlin.parallel.shard.QuantizedTransfers.Measured;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.NamedTensor;
import io.dunlin.tensor.Philox;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * With how many bits one unit crosses in one transfer: fewer first, more when too much was lost. All that it knows is in
 * memory that can be saved and restored at any time between steps.
 */
final class Ladder {
    /** Inside the host, and between hosts; a gather has the first alone. */
    private static final int HOPS = 2;

    private static final String[] HOP_NAMES = {"inside", "between"};

    private static final int BITS = 0;
    private static final int FALLS = 1;
    private static final int DECIBELS = 2;
    private static final int MEASURED_BITS = 3;
    private static final int FIELDS = 4;

    private final Transfer transfer;
    private final int unit;
    private final Quantization quantization;
    private final Arena arena = Arena.ofAuto();
    private final MemorySegment agreed =
            arena.allocate((long) FIELDS * Double.BYTES, Double.BYTES); // F64, on all ranks
    private final MemorySegment powers =
            arena.allocate(2L * HOPS * Double.BYTES, Double.BYTES); // F64 [hop][signal, noise]
    private final SignalToNoise[] meters = new SignalToNoise[HOPS]; // of the codecs in use
    private final double[] pending = new double[2 * HOPS]; // [hop][signal, noise], since the last update
    private final Carried[] carried = new Carried[HOPS];

    /** F32, what was lost; empty if it is not kept. */
    private record Carried(MemorySegment memory, CarriedPlace place) {
        static final Carried NOTHING = new Carried(MemorySegment.NULL, new CarriedPlace("", 0, List.of()));
    }

    Ladder(Transfer transfer, int unit, Quantization quantization) {
        this.transfer = transfer;
        this.unit = unit;
        this.quantization = quantization;
        Arrays.setAll(meters, hop -> new SignalToNoise());
        Arrays.fill(carried, Carried.NOTHING);
        begin();
    }

    /** As a run begins: with the bits of its settings, nothing measured and nothing carried. */
    void begin() {
        put(BITS, quantization.bits(transfer));
        put(MEASURED_BITS, quantization.bits(transfer));
        put(FALLS, 0);
        put(DECIBELS, Double.NaN);
        powers.fill((byte) 0);
        forget();
    }

    private double get(int field) {
        return agreed.getAtIndex(ValueLayout.JAVA_DOUBLE, field);
    }

    private void put(int field, double value) {
        agreed.setAtIndex(ValueLayout.JAVA_DOUBLE, field, value);
    }

    private double power(int index) {
        return powers.getAtIndex(ValueLayout.JAVA_DOUBLE, index);
    }

    /** At present. */
    int bits() {
        return (int) get(BITS);
    }

    /** From now on what a hop loses is kept in {@code memory}, F32, zero. */
    void carry(int hop, MemorySegment memory, CarriedPlace place) {
        carried[hop] = new Carried(memory, place);
    }

    /** A codec with the present bits, the only one of its hop from now on. */
    Codec codec(int hop, DType tensorType) {
        Codec codec = bits() == Quantization.EXACT ? new ExactCodec(tensorType) : quantizer(hop);
        meters[hop] = codec.signalToNoise();
        return codec;
    }

    private Codec quantizer(int hop) {
        Quantization.Coding coding = quantization.coding();
        boolean gradients = transfer == Transfer.GRADIENTS || transfer == Transfer.BOUNDARY;
        Rounding rounding = gradients ? coding.gradientRounding() : Rounding.NEAREST_EVEN;
        BlockQuantizer quantizer = new BlockQuantizer(
                new QuantizerSettings(bits(), coding.blockElements(), rounding),
                Philox.keyed(coding.seed(), "quantise", name() + "/" + hop),
                arena);
        MemorySegment memory = carried[hop].memory();
        return memory.byteSize() == 0
                ? quantizer
                : new ErrorFeedback(quantizer, (float) quantization.feedback().beta(), memory, arena);
    }

    private String name() {
        return "%s/unit.%d".formatted(transfer.name().toLowerCase(Locale.ROOT), unit);
    }

    /** Weights were updated: what was measured since the last time counts. */
    void measure() {
        collect();
        for (int i = 0; i < pending.length; i++) {
            powers.setAtIndex(ValueLayout.JAVA_DOUBLE, i, power(i) + pending[i]);
            pending[i] = 0;
        }
    }

    /** Takes over what codecs have measured. */
    void collect() {
        for (int hop = 0; hop < HOPS; hop++) {
            pending[2 * hop] += meters[hop].signal();
            pending[2 * hop + 1] += meters[hop].noise();
            meters[hop].reset();
        }
    }

    /** What codecs have measured since it was last collected does not count. */
    void discard() {
        for (SignalToNoise meter : meters) {
            meter.reset();
        }
    }

    /** Of the worse hop since the last decision, in dB; infinite if nothing was lost or measured. */
    double decibels() {
        double worst = Double.POSITIVE_INFINITY;
        for (int hop = 0; hop < HOPS; hop++) {
            double decibels = SignalToNoise.decibels(power(2 * hop), power(2 * hop + 1));
            worst = Double.isNaN(decibels) ? worst : Math.min(worst, decibels);
        }
        return worst;
    }

    /** Takes the decision that all ranks take, from the least that any of them has measured. */
    void decide(double agreedDecibels) {
        put(DECIBELS, agreedDecibels);
        put(MEASURED_BITS, bits());
        powers.fill((byte) 0);
        double below = quantization.fallback().belowDecibels();
        if (below > 0 && agreedDecibels < below && bits() != Quantization.EXACT) {
            put(BITS, bits() == 4 ? 8 : Quantization.EXACT);
            put(FALLS, get(FALLS) + 1);
            if (bits() == Quantization.EXACT) {
                forget();
            }
        }
    }

    /** Forgets what was lost. */
    void forget() {
        for (Carried one : carried) {
            one.memory.fill((byte) 0);
        }
    }

    Measured measured() {
        return new Measured(transfer, unit, bits(), get(DECIBELS), (int) get(MEASURED_BITS), (int) get(FALLS));
    }

    /** What all ranks have alike. */
    NamedTensor agreed() {
        return QuantizedTransfers.named("quantization.agreed/" + name(), DType.F64, agreed);
    }

    /** What this rank alone has. */
    List<NamedTensor> own(int rank) {
        List<NamedTensor> own = new ArrayList<>();
        own.add(QuantizedTransfers.named("quantization.powers/%s/rank.%d".formatted(name(), rank), DType.F64, powers));
        for (int hop = 0; hop < HOPS; hop++) {
            String carriedName = "quantization.carried.%s/%s".formatted(HOP_NAMES[hop], name());
            own.addAll(carried[hop].place.slices(carriedName, carried[hop].memory));
        }
        return own;
    }
}
