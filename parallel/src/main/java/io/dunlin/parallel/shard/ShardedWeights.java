package io.dunlin.parallel.shard;

import io.dunlin.collectives.Communicator;
import io.dunlin.device.Kernels;
import io.dunlin.model.Precision;
import io.dunlin.model.Unit;
import io.dunlin.model.WeightStore;
import io.dunlin.nn.Parameter;
import io.dunlin.nn.ParameterSlice;
import io.dunlin.parallel.mesh.Mesh;
import io.dunlin.parallel.mesh.ShardPlan;
import io.dunlin.parallel.mesh.ShardPlan.Range;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Shape;
import io.dunlin.tensor.Tensor;
import io.dunlin.tensor.TensorSlice;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Weights of which a rank updates a part, and keeps a part that may be larger: all of them, those of its package or of its
 * host, or no more than it updates.
 *
 * <p>A unit that is not whole here is gathered before it is used, while the unit before it is computed, and kept until
 * another one needs its slot or the weights are updated. What a gather brings is of the version that the rank expects, or
 * it fails, and what a slot has is used for no other version: versions count updates.
 */
public final class ShardedWeights implements WeightStore {
    private final Mesh mesh;
    private final ShardPlan plan;
    private final List<Unit> units;
    private final Kernels kernels;
    private final DType dtype; // of what kernels read
    private final MemorySegment[] parts; // [unit] this rank's part of the weights, of `dtype`
    private final List<OwnedSlice> owned = new ArrayList<>();
    private final List<ParameterSlice> slices;
    private final Refresh update;
    private final Refresh spread;
    private final Gathering gathering;
    private final QuantizedTransfers transfers;
    private long version;
    private long refreshNs; // waited for new weights of others

    /**
     * A slice that this rank updates.
     *
     * @param gradientOffset its first element among the gradients that this rank sums up, in flat order
     */
    record OwnedSlice(ParameterSlice slice, long gradientOffset) {}

    /** How units that are not whole on this rank come and go. */
    interface Gathering {
        /** All units are here for good. */
        Gathering NEVER = new Gathering() {
            @Override
            public void enter(int unit, int next, long version) {}

            @Override
            public void leave(int unit, long version) {}

            @Override
            public long waitedNs() {
                return 0;
            }
        };

        /** The weights of a unit, of this version, are needed; those of {@code next} will be. */
        void enter(int unit, int next, long version);

        /** They are not, for now. */
        void leave(int unit, long version);

        /** Nanoseconds waited for other ranks. */
        long waitedNs();
    }

    /** Allocates what this rank keeps. */
    ShardedWeights(Mesh mesh, MeshCommunicators communicators, Needs needs, QuantizedTransfers transfers) {
        this.mesh = mesh;
        this.transfers = transfers;
        this.units = needs.units();
        this.plan = plan(mesh, units);
        this.kernels = needs.stream().kernels();
        this.dtype = needs.precision() == Precision.F32
                ? DType.F32
                : needs.precision().activations();
        boolean whole = mesh.spans().weights() == 1;
        this.parts = whole ? placeWhole(needs) : allocateParts(needs);
        cutOwned(needs);
        this.slices = owned.stream().map(OwnedSlice::slice).toList();
        boolean quantized = transfers.quantization().refresh() != 0;
        boolean updateCrosses = communicators.update().size() > 1;
        this.update = refresh(needs, refresh(communicators.update(), quantized), plan::gradients, plan::optimizer);
        this.spread = refresh(
                needs, refresh(communicators.spread(), quantized && !updateCrosses), plan::weights, plan::gradients);
        this.gathering = whole
                ? Gathering.NEVER
                : new UnitGathering(plan, communicators, needs, new Kept(dtype, parts), transfers);
    }

    /** What a rank has of the weights of all units. */
    record Kept(DType dtype, MemorySegment[] parts) {}

    static ShardPlan plan(Mesh mesh, List<Unit> units) {
        return new ShardPlan(mesh, units.stream().map(Unit::length).toList());
    }

    // ---------------------------------------------------------------- memory

    private MemorySegment[] placeWhole(Needs needs) {
        MemorySegment flat = needs.device()
                .allocate(
                        "sharded weights",
                        units.stream().mapToLong(Unit::length).sum() * dtype.bytes());
        MemorySegment[] ofUnits = new MemorySegment[units.size()];
        for (Unit unit : units) {
            ofUnits[unit.number()] = flat.asSlice(unit.offset() * dtype.bytes(), unit.length() * dtype.bytes());
            for (Parameter parameter : unit.parameters()) {
                parameter.place(
                        Tensor.NONE,
                        Tensor.of(dtype, parameter.shape(), flat.asSlice(parameter.flatOffset() * dtype.bytes())));
            }
        }
        return ofUnits;
    }

    private MemorySegment[] allocateParts(Needs needs) {
        MemorySegment all =
                needs.device().allocate("sharded weights", plan.elements(plan::weights, mesh.rank()) * dtype.bytes());
        return cut(all, plan::weights, dtype.bytes());
    }

    private MemorySegment[] cut(MemorySegment all, ShardPlan.Held held, long elementBytes) {
        MemorySegment[] ofUnits = new MemorySegment[units.size()];
        long atBytes = 0;
        for (int unit = 0; unit < ofUnits.length; unit++) {
            long lengthBytes = held.of(unit, mesh.rank()).length() * elementBytes;
            ofUnits[unit] = all.asSlice(atBytes, lengthBytes);
            atBytes += lengthBytes;
        }
        return ofUnits;
    }

    private void cutOwned(Needs needs) {
        boolean masters = dtype != DType.F32;
        MemorySegment[] ofMasters = {};
        if (masters) {
            long elements = plan.elements(plan::optimizer, mesh.rank());
            ofMasters = cut(
                    needs.device().allocate("weights in F32", elements * Float.BYTES), plan::optimizer, Float.BYTES);
        }
        long gradientsBefore = 0;
        for (Unit unit : units) {
            Range mine = plan.optimizer(unit.number(), mesh.rank());
            Range kept = plan.weights(unit.number(), mesh.rank());
            Range summed = plan.gradients(unit.number(), mesh.rank());
            for (Parameter parameter : unit.parameters()) {
                long parameterAt = parameter.flatOffset() - unit.offset();
                long from = Math.max(mine.offset(), parameterAt);
                long to = Math.min(mine.end(), parameterAt + parameter.shape().elements());
                if (from >= to) {
                    continue;
                }
                TensorSlice slice = new TensorSlice(parameter.name(), parameter.shape(), from - parameterAt, to - from);
                Tensor here = vector(dtype, parts[unit.number()], from - kept.offset(), to - from);
                Tensor value =
                        masters ? vector(DType.F32, ofMasters[unit.number()], from - mine.offset(), to - from) : here;
                owned.add(new OwnedSlice(
                        new ParameterSlice(parameter, slice, value, masters ? here : Tensor.NONE),
                        gradientsBefore + from - summed.offset()));
            }
            gradientsBefore += summed.length();
        }
    }

    private static Tensor vector(DType dtype, MemorySegment memory, long offset, long length) {
        return Tensor.of(dtype, Shape.of(length), memory.asSlice(offset * dtype.bytes(), length * dtype.bytes()));
    }

    /** New weights are quantised once, on their widest way: what has arrived goes on as it is. */
    private Refresh refresh(Communicator communicator, boolean quantized) {
        return quantized && communicator.size() > 1
                ? new Refresh(communicator, new QuantizedGather(communicator, transfers, Transfer.REFRESH, dtype))
                : new Refresh(communicator);
    }

    /** Of each unit, the elements that the group has together, and each member's part of them. */
    private Refresh refresh(Needs needs, Refresh refresh, ShardPlan.Held together, ShardPlan.Held each) {
        List<Integer> members = refresh.members();
        if (members.size() == 1) {
            return refresh;
        }
        TurnsMemory messages = new TurnsMemory(needs.device(), "weights in messages");
        long largestBytes = units.stream()
                .mapToLong(unit -> together.of(unit.number(), mesh.rank()).length() * dtype.bytes())
                .max()
                .orElse(0);
        MemorySegment room = needs.device().hostReadable()
                ? MemorySegment.NULL
                : needs.device().allocateHost("weights on the wire", largestBytes);
        for (int unit = 0; unit < parts.length; unit++) {
            int number = unit;
            Range all = together.of(unit, mesh.rank());
            Range kept = plan.weights(unit, mesh.rank());
            MemorySegment memory =
                    parts[unit].asSlice((all.offset() - kept.offset()) * dtype.bytes(), all.length() * dtype.bytes());
            refresh.add(
                    Passage.through(room, memory, needs.device(), needs.host()),
                    ShardPlan.lengthsBytes(members, rank -> each.of(number, rank), dtype.bytes()),
                    Padding.of(units.get(unit), each.of(unit, mesh.rank())),
                    messages);
        }
        return refresh;
    }

    // ---------------------------------------------------------------- as a store

    /** What crosses quantised. */
    QuantizedTransfers transfers() {
        return transfers;
    }

    /** Which elements each rank has. */
    ShardPlan plan() {
        return plan;
    }

    /** What this rank updates, with the places of the gradients. */
    List<OwnedSlice> ownedSlices() {
        return owned;
    }

    @Override
    public List<ParameterSlice> owned() {
        return slices;
    }

    @Override
    public void enter(int unit, int next) {
        gathering.enter(unit, next, version);
    }

    @Override
    public void leave(int unit) {
        gathering.leave(unit, version);
    }

    @Override
    public long waitedNs() {
        return gathering.waitedNs() + refreshNs;
    }

    @Override
    public void updated() {
        renew();
        transfers.stepEnds();
    }

    private void renew() {
        version++;
        refreshNs += update.run(version) + spread.run(version);
    }

    @Override
    public void loaded() {
        for (ParameterSlice slice : slices) {
            if (slice.copy().present()) {
                kernels.copy(slice.value(), slice.copy());
            }
        }
        renew();
        transfers.loaded();
    }
}
