package io.dunlin.parallel.shard;

import io.dunlin.collectives.Work;
import io.dunlin.data.Batch;
import io.dunlin.device.Kernels;
import io.dunlin.model.Model;
import io.dunlin.parallel.mesh.ShardPlan;
import io.dunlin.parallel.mesh.ShardPlan.Range;
import io.dunlin.tensor.Tensor;
import io.dunlin.train.GradientExchange.GradientPartials;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Fast mode: each unit is summed up over the group in each turn, and added to one running sum. */
final class RunningTurns implements TurnReduction {
    private final PartScatter scatter;
    private final Kernels kernels;
    private final MemorySegment sums; // F32, this rank's parts of all units
    private final List<Part> parts = new ArrayList<>(); // [unit]
    private final @Nullable Work[] started; // [unit]

    /**
     * This rank's part of a unit.
     *
     * @param range in the unit
     * @param sum in the sums
     * @param slot in the slot of the unit; cut when it is first seen
     */
    private record Part(Range range, Tensor sum, long unitBytes, List<Tensor> slot) {}

    RunningTurns(int rank, Model model, ShardPlan plan, PartScatter scatter) {
        this.scatter = scatter;
        this.kernels = model.stream().kernels();
        this.sums = model.device().allocate("gradient sums", plan.elements(plan::gradients, rank) * Float.BYTES);
        this.started = new Work[plan.units()];
        long at = 0;
        for (int unit = 0; unit < plan.units(); unit++) {
            Range range = plan.gradients(unit, rank);
            parts.add(new Part(
                    range,
                    ScatteringAccumulator.vector(sums, at, range.length()),
                    plan.unit(unit).length() * Float.BYTES,
                    new ArrayList<>()));
            at += range.length();
        }
    }

    @Override
    public long partElements(int unit) {
        return parts.get(unit).range.length();
    }

    @Override
    public boolean sendsZeros() {
        return true;
    }

    @Override
    public GradientPartials begin(Batch batch) {
        scatter.begin();
        return new GradientPartials(
                batch.turns() == 0 ? List.of() : List.of(sums), List.of(), sums, batch.globalMicroBatches());
    }

    @Override
    public void start(int unit, int turn, Passage slot) {
        Part part = parts.get(unit);
        long fromBytes = part.range.offset() * Float.BYTES;
        long lengthBytes = part.range.length() * Float.BYTES;
        started[unit] = scatter.start(unit, turn, slot.host(0, part.unitBytes), slot.host(fromBytes, lengthBytes));
    }

    @Override
    public long complete(int unit, int turn, Passage slot) {
        Part part = parts.get(unit);
        long waitedNs = Objects.requireNonNull(started[unit]).await();
        slot.store(part.range.offset() * Float.BYTES, part.range.length() * Float.BYTES);
        if (part.slot.isEmpty()) {
            part.slot.add(ScatteringAccumulator.vector(slot.device(), part.range.offset(), part.range.length()));
        }
        Tensor arrived = part.slot.getFirst();
        if (turn == 0) {
            kernels.copy(arrived, part.sum);
        } else {
            kernels.add(part.sum, arrived, part.sum);
        }
        return waitedNs;
    }

    @Override
    public MemorySegment result() {
        return sums;
    }
}
