package io.dunlin.parallel.shard;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Work;
import io.dunlin.data.Batch;
import io.dunlin.device.Kernels;
import io.dunlin.model.Model;
import io.dunlin.parallel.mesh.ShardPlan;
import io.dunlin.parallel.mesh.ShardPlan.Range;
import io.dunlin.tensor.Tensor;
import io.dunlin.train.GradientExchange.GradientPartials;
import io.dunlin.train.SummationSchedule;
import io.dunlin.train.SummationSchedule.Addition;
import io.dunlin.train.SummationSchedule.Leaf;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Deterministic mode: each micro-batch's gradient comes to those who keep its parts, who add them up in the order of the
 * {@link io.dunlin.train.SummationTree}. The members of a group have consecutive micro-batches in each turn, so that a few
 * buffers are enough.
 */
final class TreeTurns implements TurnReduction {
    private final Communicator communicator;
    private final List<Long> nothing; // bytes for each member
    private final Model model;
    private final Kernels kernels;
    private final UnitSlots slots;
    private final long elements; // of all parts
    private final List<Part> parts = new ArrayList<>(); // [unit]
    private final List<MemorySegment> buffers = new ArrayList<>(); // F32, sums
    private final List<List<Tensor>> views = new ArrayList<>(); // [buffer][unit]
    private final Passage[] received = new Passage[UnitSlots.SLOTS]; // as many parts as there are members
    private final @Nullable Work[] started; // [unit]
    private SummationSchedule schedule = SummationSchedule.of(0, 0, 0);
    private GradientPartials partials;
    private int runLength;

    /**
     * This rank's part of a unit.
     *
     * @param at its first element in a buffer
     * @param length elements
     * @param unitBytes of the whole unit
     * @param lengthsBytes of all members' parts
     * @param receiveBytes what comes from each member, by how many send
     * @param received what each member sends, in the memory for it
     */
    private record Part(
            long at,
            long length,
            long unitBytes,
            List<Long> lengthsBytes,
            List<List<Long>> receiveBytes,
            List<Tensor> received) {}

    TreeTurns(Communicator communicator, Model model, ShardPlan plan) {
        this.communicator = communicator;
        this.nothing = Collections.nCopies(communicator.size(), 0L);
        this.model = model;
        this.kernels = model.stream().kernels();
        this.slots = new UnitSlots(model.units());
        this.started = new Work[plan.units()];
        List<Integer> members = communicator.group().ranks();
        int rank = members.get(communicator.rank());
        this.elements = plan.elements(plan::gradients, rank);
        for (int slot = 0; slot < received.length; slot++) {
            int number = slot;
            long longest = IntStream.range(0, plan.units())
                    .filter(unit -> slots.of(unit) == number)
                    .mapToLong(unit -> plan.gradients(unit, rank).length())
                    .max()
                    .orElse(0);
            MemorySegment memory =
                    model.device().allocate("gradients received", members.size() * longest * Float.BYTES);
            received[slot] = Passage.of(memory, model.device(), model.host(), "gradients on the wire");
        }
        long at = 0;
        for (int unit = 0; unit < plan.units(); unit++) {
            int number = unit;
            Range range = plan.gradients(unit, rank);
            MemorySegment memory = received[slots.of(unit)].device();
            parts.add(new Part(
                    at,
                    range.length(),
                    plan.unit(unit).length() * Float.BYTES,
                    ShardPlan.lengthsBytes(members, other -> plan.gradients(number, other), Float.BYTES),
                    receiveBytes(range.length() * Float.BYTES),
                    IntStream.range(0, members.size())
                            .mapToObj(member ->
                                    ScatteringAccumulator.vector(memory, member * range.length(), range.length()))
                            .toList()));
            at += range.length();
        }
        this.partials = new GradientPartials(List.of(), List.of(), buffer(0), 0);
    }

    /** By the number of members that send: so much from each of the first ones. */
    private List<List<Long>> receiveBytes(long partBytes) {
        return IntStream.rangeClosed(0, communicator.size())
                .mapToObj(senders -> IntStream.range(0, communicator.size())
                        .mapToObj(member -> member < senders ? partBytes : 0L)
                        .toList())
                .toList();
    }

    @Override
    public long partElements(int unit) {
        return parts.get(unit).length;
    }

    private MemorySegment buffer(int index) {
        while (buffers.size() <= index) {
            MemorySegment memory = model.device().allocate("gradient sums", elements * Float.BYTES);
            buffers.add(memory);
            views.add(parts.stream()
                    .map(part -> ScatteringAccumulator.vector(memory, part.at, part.length))
                    .toList());
        }
        return buffers.get(index);
    }

    @Override
    public boolean sendsZeros() {
        return false;
    }

    @Override
    public GradientPartials begin(Batch batch) {
        runLength = batch.runLength();
        if (!schedule.covers(batch.runBegin(), runLength, batch.globalMicroBatches())) {
            schedule = SummationSchedule.of(batch.runBegin(), runLength, batch.globalMicroBatches());
            buffer(Math.max(0, schedule.buffers() - 1));
            List<MemorySegment> sums =
                    schedule.sums().stream().map(this::buffer).toList();
            partials = new GradientPartials(
                    sums, schedule.blocks(), sums.isEmpty() ? buffer(0) : sums.getFirst(), batch.globalMicroBatches());
        }
        return partials;
    }

    /** How many members have a micro-batch in a turn: the first ones. */
    private int senders(int turn) {
        return Math.min(communicator.size(), runLength - turn * communicator.size());
    }

    @Override
    public void start(int unit, int turn, Passage slot) {
        Part part = parts.get(unit);
        int senders = senders(turn);
        boolean sends = communicator.rank() < senders;
        long partBytes = part.length * Float.BYTES;
        long sentBytes = sends ? part.unitBytes : 0;
        started[unit] = communicator
                .label(unit + 1, turn)
                .allToAll(
                        slot.host(0, sentBytes),
                        sends ? part.lengthsBytes : nothing,
                        received[slots.of(unit)].host(0, senders * partBytes),
                        part.receiveBytes.get(senders));
    }

    @Override
    public long complete(int unit, int turn, Passage slot) {
        Part part = parts.get(unit);
        long waitedNs = Objects.requireNonNull(started[unit]).await();
        int senders = senders(turn);
        received[slots.of(unit)].store(0, senders * part.length * Float.BYTES);
        for (int member = 0; member < senders; member++) {
            Leaf leaf = schedule.leaves().get(turn * communicator.size() + member);
            kernels.copy(part.received.get(member), view(leaf.target(), unit));
            for (Addition addition : leaf.additions()) {
                Tensor left = view(addition.left(), unit);
                kernels.add(left, view(addition.right(), unit), left);
            }
        }
        return waitedNs;
    }

    private Tensor view(int buffer, int unit) {
        return views.get(buffer).get(unit);
    }

    @Override
    public MemorySegment result() {
        return partials.result();
    }
}
