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

    /**
     * One unit in one transfer.
     *
     * @param unit its number
     * @param bits with which it crosses from now on; {@link Quantization#EXACT} if it is not quantised any more
     * @param decibels signal to noise on the worst rank, when the ranks last agreed; NaN if they have not yet, infinite if
     *     nothing was lost
     * @param falls how often it has been given more bits
     */
    public record Measured(Transfer transfer, int unit, int bits, double decibels, int falls) {}

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
    }

    /** How all transfers have been. */
    public List<Measured> measured() {
        return ladders.stream().map(Ladder::measured).toList();
    }

    /**
     * What belongs in a checkpoint, and is there again once it has been overwritten by what was saved: memory of the host.
     *
     * <p>It is this rank's alone, named by it, and fits a run of the same layout only: another one begins without it, with
     * the bits of the settings and nothing carried.
     */
    public Iterable<NamedTensor> state() {
        if (ladders.isEmpty()) {
            return List.of();
        }
        measure();
        int rank = world.rank();
        List<NamedTensor> state = new ArrayList<>();
        state.add(named("quantization.steps/rank.%d".formatted(rank), DType.F64, steps));
        ladders.forEach(ladder -> state.addAll(ladder.state(rank)));
        return state;
    }

    static NamedTensor named(String name, DType dtype, MemorySegment memory) {
        Shape shape = Shape.of(memory.byteSize() / dtype.bytes());
        return new NamedTensor(TensorSlice.whole(name, shape), Tensor.of(dtype, shape, memory));
    }
}
