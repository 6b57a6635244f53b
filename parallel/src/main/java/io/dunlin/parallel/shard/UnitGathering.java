package io.dunlin.parallel.shard;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Work;
import io.dunlin.device.HostAccess;
import io.dunlin.model.Unit;
import io.dunlin.model.WeightStore;
import io.dunlin.model.WeightStore.Needs;
import io.dunlin.nn.Parameter;
import io.dunlin.parallel.mesh.ShardPlan;
import io.dunlin.parallel.mesh.ShardPlan.Range;
import io.dunlin.tensor.DType;
import io.dunlin.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Gathers a unit's weights when it is entered, or when the unit before it is, unless its slot still has them: a slot keeps
 * what it has until another unit needs it or the weights are updated ({@link UnitSlots}, {@link GatheredSlot}).
 *
 * <p>With a second copy (hpZ of ZeRO++, Wang et al., 2023): the first gather after an update takes the parts of all ranks
 * and keeps of the unit what belongs to the second copy; every further one takes the parts of the second copy, inside the
 * host. Both say which version they are of: a second copy that is older than the weights fails as a desync, if it were ever
 * used.
 *
 * <p>Where weights cross quantised (qwZ), the first gather does and the second copy is cut from what it brought: all passes
 * of a step, on all ranks, compute with the same bits, those that the messages said. What is at rest, and is updated, stays
 * exact.
 */
final class UnitGathering implements ShardedWeights.Gathering {
    private static final long NO_VERSION = -1;

    private final List<Unit> units;
    private final UnitSlots slots;
    private final Origin primary;
    private final @Nullable SecondCopy second;
    private final GatheredSlot[] gathered = new GatheredSlot[UnitSlots.SLOTS];
    private final List<List<Tensor>> computes = new ArrayList<>(); // [unit][parameter], in its slot
    private long waitedNs;

    /** Where a unit is gathered from. */
    private interface Origin {
        Work gather(int unit, MemorySegment whole, long version);
    }

    /** Parts of units that a group has together. */
    private record Source(Communicator communicator, Parts parts, List<List<Long>> lengthsBytes) implements Origin {
        @Override
        public Work gather(int unit, MemorySegment whole, long version) {
            return communicator
                    .label(unit + 1, version)
                    .allGather(parts.of(unit, version), whole, lengthsBytes.get(unit));
        }
    }

    /** A rank's parts of all units, and of which version they are on the host. */
    private record Parts(Passage[] passages, long[] versions) {
        static Parts of(MemorySegment[] memory, Needs needs) {
            Passage[] passages = new Passage[memory.length];
            for (int unit = 0; unit < memory.length; unit++) {
                passages[unit] = Passage.of(memory[unit], needs.device(), needs.host(), "weights on the wire");
            }
            return of(passages);
        }

        static Parts of(Passage[] passages) {
            long[] versions = new long[passages.length];
            Arrays.fill(versions, NO_VERSION);
            return new Parts(passages, versions);
        }

        /** A part, for the network. */
        MemorySegment of(int unit, long version) {
            Passage passage = passages[unit];
            if (versions[unit] != version) {
                passage.fetch(0, passage.host().byteSize());
                versions[unit] = version;
            }
            return passage.host();
        }
    }

    /** Parts of a second copy, and where they are in their units. */
    private record SecondCopy(Source source, Range[] ranges) {
        boolean has(int unit, long version) {
            return source.parts.versions[unit] == version;
        }

        void take(int unit, long version, Passage slot) {
            Range range = ranges[unit];
            source.parts.passages[unit].host().copyFrom(slot.host(range.offset(), range.length()));
            source.parts.versions[unit] = version;
        }
    }

    UnitGathering(
            ShardPlan plan,
            MeshCommunicators communicators,
            Needs needs,
            ShardedWeights.Kept kept,
            QuantizedTransfers transfers) {
        units = needs.units();
        slots = new UnitSlots(units);
        DType dtype = kept.dtype();
        HostAccess host = needs.host();
        Parts parts = Parts.of(kept.parts(), needs);
        for (int slot = 0; slot < gathered.length; slot++) {
            MemorySegment memory = needs.device().allocate("weights in use", slots.elements(slot) * dtype.bytes());
            gathered[slot] = new GatheredSlot(Passage.of(memory, needs.device(), host, "weights on the wire"));
        }
        for (Unit unit : units) {
            MemorySegment memory = slot(unit.number()).memory().device();
            computes.add(unit.parameters().stream()
                    .map(parameter -> Tensor.of(
                            dtype,
                            parameter.shape(),
                            memory.asSlice((parameter.flatOffset() - unit.offset()) * dtype.bytes())))
                    .toList());
            for (Parameter parameter : unit.parameters()) {
                parameter.place(Tensor.NONE, Tensor.NONE); // nobody may read it outside of enter and leave
            }
        }
        Communicator weights = communicators.weights();
        List<List<Long>> lengths = lengths(weights, plan::weights, dtype);
        primary = transfers.quantization().weights() == 0
                ? new Source(weights, parts, lengths)
                : quantized(plan, weights, needs, new Origins(parts, dtype, transfers));
        second = plan.secondCopy() ? secondCopy(plan, communicators.secondary(), needs, dtype) : null;
    }

    private List<List<Long>> lengths(Communicator communicator, ShardPlan.Held held, DType dtype) {
        List<Integer> members = communicator.group().ranks();
        return units.stream()
                .map(unit -> ShardPlan.lengthsBytes(members, rank -> held.of(unit.number(), rank), dtype.bytes()))
                .toList();
    }

    /** What messages are made of. */
    private record Origins(Parts parts, DType dtype, QuantizedTransfers transfers) {}

    /** The parts of all ranks, in messages with fewer bits: units that share a slot share messages. */
    private Origin quantized(ShardPlan plan, Communicator communicator, Needs needs, Origins from) {
        DType dtype = from.dtype;
        QuantizedGather gather = new QuantizedGather(communicator, from.transfers, Transfer.WEIGHTS, dtype);
        int rank = communicator.group().ranks().get(communicator.rank());
        List<TurnsMemory> messages = IntStream.range(0, UnitSlots.SLOTS)
                .mapToObj(slot -> new TurnsMemory(needs.device(), "weights in messages"))
                .toList();
        List<List<Long>> lengths = lengths(communicator, plan::weights, dtype);
        for (Unit unit : units) {
            int number = unit.number();
            gather.add(
                    lengths.get(number), Padding.of(unit, plan.weights(number, rank)), messages.get(slots.of(number)));
        }
        return (unit, whole, version) -> gather.start(unit, from.parts.of(unit, version), whole, version);
    }

    private SecondCopy secondCopy(ShardPlan plan, Communicator communicator, Needs needs, DType dtype) {
        int rank = communicator.group().ranks().get(communicator.rank());
        Range[] ranges = new Range[units.size()];
        Passage[] copies = new Passage[units.size()];
        for (int unit = 0; unit < copies.length; unit++) {
            Range range = plan.secondary(unit, rank);
            ranges[unit] = new Range(range.offset() * dtype.bytes(), range.length() * dtype.bytes());
            copies[unit] = Passage.onHost(onHost(needs, "second copy of weights", ranges[unit].length()));
        }
        return new SecondCopy(
                new Source(communicator, Parts.of(copies), lengths(communicator, plan::secondary, dtype)), ranges);
    }

    private static MemorySegment onHost(Needs needs, String purpose, long lengthBytes) {
        return needs.device().hostReadable()
                ? needs.device().allocate(purpose, lengthBytes)
                : needs.device().allocateHost(purpose, lengthBytes);
    }

    @Override
    public void enter(int unit, int next, long version) {
        GatheredSlot slot = slot(unit);
        if (slot.used()) {
            throw new IllegalStateException("unit " + unit + " is entered while its slot is in use");
        }
        if (!slot.holds(unit, version)) {
            if (!slot.arriving()) {
                start(unit, version);
            }
            waitedNs += slot.await(unit, version, lengthBytes(unit));
        }
        slot.use();
        place(unit, computes.get(unit));
        if (next != WeightStore.NOT_KNOWN) {
            prefetch(next, version);
        }
    }

    private void prefetch(int next, long version) {
        GatheredSlot slot = slot(next);
        if (!slot.used() && !slot.arriving() && !slot.holds(next, version)) {
            start(next, version);
        }
    }

    @Override
    public long waitedNs() {
        return waitedNs;
    }

    private GatheredSlot slot(int unit) {
        return gathered[slots.of(unit)];
    }

    private long lengthBytes(int unit) {
        return units.get(unit).length() * computes.get(unit).getFirst().dtype().bytes();
    }

    private void start(int unit, long version) {
        GatheredSlot slot = slot(unit);
        MemorySegment whole = slot.memory().host(0, lengthBytes(unit));
        Origin origin = second != null && second.has(unit, version) ? second.source : primary;
        slot.clear();
        slot.expect(origin.gather(unit, whole, version), unit, version);
    }

    private void place(int unit, List<Tensor> weights) {
        List<Parameter> parameters = units.get(unit).parameters();
        for (int i = 0; i < weights.size(); i++) {
            parameters.get(i).place(Tensor.NONE, weights.get(i));
        }
    }

    @Override
    public void leave(int unit, long version) {
        GatheredSlot slot = slot(unit);
        slot.release(unit);
        if (second != null && !second.has(unit, version)) {
            second.take(unit, version, slot.memory());
        }
        for (Parameter parameter : units.get(unit).parameters()) {
            parameter.place(Tensor.NONE, Tensor.NONE);
        }
    }
}
