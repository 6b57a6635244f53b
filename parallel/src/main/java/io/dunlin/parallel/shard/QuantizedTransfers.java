package io.dunlin.parallel.shard;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.ReduceOp;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.NamedTensor;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import io.dunlin.tensor.TensorSlice;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * The quantised transfers of one rank: how faithful they were, with how many bits each goes on, and what has to be saved of
 * them. Empty if nothing is quantised.
 *
 * <p>After every {@link Quantization.Fallback#everySteps} updates the ranks agree on the least signal to noise that any
 * of them has measured, unit by unit, and so take the same decision. The thread that trains calls all methods, between
 * steps.
 */
public final class QuantizedTransfers {
    private final Quantization quantization;
    private final Communicator world;
    private final List<Ladder> ladders = new ArrayList<>();
    private final MemorySegment steps = Arena.ofAuto().allocate(Double.BYTES, Double.BYTES); // F64
    private MemorySegment agreed = MemorySegment.NULL; // F64 [ladder]
    private long agreements;

    /**
     * One unit in one transfer.
     *
     * @param unit its number
     * @param bits with which it crosses from now on; {@link Quantization#EXACT} if it is not quantised any more
     * @param decibels signal to noise on the worst rank, when the ranks last agreed; NaN if they have not yet, infinite if
     *     nothing was lost
     * @param measuredBits with which that was measured; others than {@code bits} if it has just been given more
     * @param falls how often it has been given more bits
     */
    public record Measured(Transfer transfer, int unit, int bits, double decibels, int measuredBits, int falls) {
        /** Whether the ranks gave it more bits when they last agreed. */
        public boolean fell() {
            return bits != measuredBits;
        }
    }

    QuantizedTransfers(Quantization quantization, Communicator world) {
        this.quantization = quantization;
        this.world = world;
    }

    Quantization quantization() {
        return quantization;
    }

    /** Adds a unit; all ranks add the same in the same order. */
    Ladder add(Transfer transfer, int unit) {
        Ladder ladder = new Ladder(transfer, unit, quantization);
        ladders.add(ladder);
        return ladder;
    }

    /** Updates so far; what stochastic rounding draws for. */
    long steps() {
        return (long) steps.get(ValueLayout.JAVA_DOUBLE, 0);
    }

    /** Weights have been updated, on all ranks. */
    void stepEnds() {
        if (ladders.isEmpty()) {
            return;
        }
        long step = steps() + 1;
        steps.set(ValueLayout.JAVA_DOUBLE, 0, step);
        measure();
        if (step % quantization.fallback().everySteps() == 0) {
            agree();
        }
        int resetSteps = quantization.feedback().resetSteps();
        if (resetSteps > 0 && step % resetSteps == 0) {
            for (int i = 0; i < ladders.size(); i++) {
                ladders.get(i).forget();
            }
        }
    }

    private void measure() {
        for (int i = 0; i < ladders.size(); i++) {
            ladders.get(i).measure();
        }
    }

    /** Weights were loaded and sent to all who keep them: those messages were measured when the weights were made. */
    void loaded() {
        for (int i = 0; i < ladders.size(); i++) {
            ladders.get(i).discard();
        }
    }

    /** As a run begins that has no checkpoint: with the bits of the settings, nothing measured and nothing carried. */
    public void begin() {
        steps.set(ValueLayout.JAVA_DOUBLE, 0, 0);
        ladders.forEach(Ladder::begin);
    }

    private void agree() {
        if (agreed.byteSize() != (long) ladders.size() * Double.BYTES) {
            agreed = Arena.ofAuto().allocate((long) ladders.size() * Double.BYTES, Double.BYTES);
        }
        for (int i = 0; i < ladders.size(); i++) {
            agreed.setAtIndex(ValueLayout.JAVA_DOUBLE, i, ladders.get(i).decibels());
        }
        world.allReduce(agreed, DType.F64, ReduceOp.MIN).await();
        for (int i = 0; i < ladders.size(); i++) {
            ladders.get(i).decide(agreed.getAtIndex(ValueLayout.JAVA_DOUBLE, i));
        }
        agreements++;
    }

    /** How often the ranks have agreed since this was made: whoever sees it change finds new figures. */
    public long agreements() {
        return agreements;
    }

    /** How all transfers have been. */
    public List<Measured> measured() {
        return ladders.stream().map(Ladder::measured).toList();
    }

    /**
     * What a run that goes on needs of a checkpoint, in memory of the host: it goes on as if nothing had been once that is
     * overwritten. It can go on without any of it, see {@link #begin}.
     *
     * <p>Names say whose it is. Bits belong to a unit, on any layout. Errors belong to the sum that was encoded: that of a
     * rank, of a copy of the gradients or of a host; another layout cuts the same tensors otherwise, and those that it has
     * not had before begin at zero.
     */
    public List<NamedTensor> state() {
        List<NamedTensor> state = new ArrayList<>(agreed());
        state.addAll(own());
        return state;
    }

    /** What of {@link #state} this rank saves: all ranks together save each element once. */
    public List<NamedTensor> saved() {
        return world.rank() == 0 ? state() : own();
    }

    private List<NamedTensor> agreed() {
        if (ladders.isEmpty()) {
            return List.of();
        }
        List<NamedTensor> agreed = new ArrayList<>();
        agreed.add(named("quantization.steps", DType.F64, steps));
        ladders.forEach(ladder -> agreed.add(ladder.agreed()));
        return agreed;
    }

    private List<NamedTensor> own() {
        return ladders.stream()
                .flatMap(ladder -> ladder.own(world.rank()).stream())
                .toList();
    }

    static NamedTensor named(String name, DType dtype, MemorySegment memory) {
        Shape shape = Shape.of(memory.byteSize() / dtype.bytes());
        return new NamedTensor(TensorSlice.whole(name, shape), Tensor.of(dtype, shape, memory));
    }
}
