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

    private static final int BITS = 0;
    private static final int FALLS = 1;
    private static final int DECIBELS = 2;
    private static final int POWERS = 3; // signal and noise of each hop since the last decision
    private static final int FIELDS = POWERS + 2 * HOPS;

    private final Transfer transfer;
    private final int unit;
    private final Quantization quantization;
    private final Arena arena = Arena.ofAuto();
    private final MemorySegment facts = arena.allocate((long) FIELDS * Double.BYTES, Double.BYTES); // F64
    private final SignalToNoise[] meters = new SignalToNoise[HOPS]; // of the codecs in use
    private final MemorySegment[] carried = new MemorySegment[HOPS]; // F32, what was lost; empty if it is not kept

    Ladder(Transfer transfer, int unit, Quantization quantization) {
        this.transfer = transfer;
        this.unit = unit;
        this.quantization = quantization;
        Arrays.setAll(meters, hop -> new SignalToNoise());
        Arrays.fill(carried, MemorySegment.NULL);
        put(BITS, quantization.bits(transfer));
        put(DECIBELS, Double.NaN);
    }

    private double get(int field) {
        return facts.getAtIndex(ValueLayout.JAVA_DOUBLE, field);
    }

    private void put(int field, double value) {
        facts.setAtIndex(ValueLayout.JAVA_DOUBLE, field, value);
    }

    /** At present. */
    int bits() {
        return (int) get(BITS);
    }

    /** From now on what a hop loses is kept in {@code memory}, F32, zero. */
    void carry(int hop, MemorySegment memory) {
        carried[hop] = memory;
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
        return carried[hop].byteSize() == 0
                ? quantizer
                : new ErrorFeedback(quantizer, (float) quantization.feedback().beta(), carried[hop], arena);
    }

    private String name() {
        return "%s/unit.%d".formatted(transfer.name().toLowerCase(Locale.ROOT), unit);
    }

    /** Adds what codecs have measured since the last call. */
    void measure() {
        for (int hop = 0; hop < HOPS; hop++) {
            put(POWERS + 2 * hop, get(POWERS + 2 * hop) + meters[hop].signal());
            put(POWERS + 2 * hop + 1, get(POWERS + 2 * hop + 1) + meters[hop].noise());
            meters[hop].reset();
        }
    }

    /** Of the worse hop since the last decision, in dB; infinite if nothing was lost or measured. */
    double decibels() {
        double worst = Double.POSITIVE_INFINITY;
        for (int hop = 0; hop < HOPS; hop++) {
            double decibels = SignalToNoise.decibels(get(POWERS + 2 * hop), get(POWERS + 2 * hop + 1));
            worst = Double.isNaN(decibels) ? worst : Math.min(worst, decibels);
        }
        return worst;
    }

    /** Takes the decision that all ranks take, from the least that any of them has measured. */
    void decide(double agreedDecibels) {
        put(DECIBELS, agreedDecibels);
        for (int field = POWERS; field < FIELDS; field++) {
            put(field, 0);
        }
        if (agreedDecibels < quantization.fallback().belowDecibels() && bits() != Quantization.EXACT) {
            put(BITS, bits() == 4 ? 8 : Quantization.EXACT);
            put(FALLS, get(FALLS) + 1);
            if (bits() == Quantization.EXACT) {
                forget();
            }
        }
    }

    /** Forgets what was lost. */
    void forget() {
        for (MemorySegment memory : carried) {
            memory.fill((byte) 0);
        }
    }

    Measured measured() {
        return new Measured(transfer, unit, bits(), get(DECIBELS), (int) get(FALLS));
    }

    /** What is to be saved. */
    List<NamedTensor> state(int rank) {
        List<NamedTensor> state = new ArrayList<>();
        state.add(named("facts", rank, DType.F64, facts));
        for (int hop = 0; hop < HOPS; hop++) {
            if (carried[hop].byteSize() > 0) {
                state.add(named("carried." + hop, rank, DType.F32, carried[hop]));
            }
        }
        return state;
    }

    private NamedTensor named(String what, int rank, DType dtype, MemorySegment memory) {
        String tensor = "quantization.%s/%s/rank.%d".formatted(what, name(), rank);
        return QuantizedTransfers.named(tensor, dtype, memory);
    }
}
