package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.algorithm.SliceLayout.Direction;
import io.dunlin.collectives.wire.OperationKind;
import io.dunlin.collectives.wire.Reductions;

/**
 * Operations over several hosts in three phases: inside each host, across hosts, inside each host. Each phase is an
 * operation of its own among fewer members, with whatever algorithm is best there.
 *
 * <ul>
 *   <li>All-reduce: members of a host reduce-scatter slices of the vector, members with the same slice all-reduce it across
 *       hosts, members of a host all-gather the slices. Between hosts go 2(H-1)/H bytes for each byte of the vector and
 *       each of H hosts, which is the least possible.
 *   <li>Reduce-scatter: the parts are rearranged into slices ({@link SliceLayout}), which are reduce-scattered inside and
 *       then across hosts.
 *   <li>All-gather: the same backwards.
 *   <li>Broadcast: from the root along a chain with one member of each host, then inside each host.
 * </ul>
 *
 * <p>There are as many slices as the smallest host has members; further members of larger hosts take part inside only.
 */
final class Hierarchical implements Algorithm {
    private static final long PIECE_BYTES = 256 << 10;

    private final int rank;
    private final int size;
    private final int hosts;
    private final int host;
    private final int local;
    private final int[] hostOf; // [member]
    private final int[] firstOf; // [host] its first member
    private final int[] localIndices; // [member]
    private final int localMembers;
    private final SliceLayout layout;
    private final Parts slices;
    private final Phase before;
    private final Phase across;
    private final Phase after;
    private final Reductions reductions;
    private final Scratch scratch;
    private final Copies packing = new Copies();
    private final Copies unpacking = new Copies();

    private Call call = new Call();
    private Stage stage = Stage.OVER;
    private long meanAddress; // what is left to be divided
    private long meanBytes;

    private enum Stage {
        PACKING,
        BEFORE,
        ACROSS,
        DIVIDING,
        AFTER,
        UNPACKING,
        OVER;

        private static final Stage[] ALL = values();

        Stage next() {
            return ALL[ordinal() + 1];
        }
    }

    /**
     * Member {@code rank} of all in {@code topology}.
     *
     * @param before for the members of this host, by local index
     * @param across for the members with this local index, by host
     * @param after for the members of this host, by local index
     */
    Hierarchical(
            int rank,
            Topology topology,
            Repertoire before,
            Repertoire across,
            Repertoire after,
            Reductions reductions,
            Scratch scratch) {
        this.rank = rank;
        this.size = topology.size();
        this.hosts = topology.hosts();
        this.host = topology.hostOf(rank);
        this.local = topology.localIndex(rank);
        this.localMembers = topology.membersOfHost(host).size();
        this.hostOf = new int[size];
        this.localIndices = new int[size];
        this.firstOf = new int[hosts];
        this.layout = new SliceLayout(topology);
        this.slices = new Parts(layout.slices());
        this.before = new Phase(size, before);
        this.across = new Phase(size, across);
        this.after = new Phase(size, after);
        this.reductions = reductions;
        this.scratch = scratch;
        for (int member = size - 1; member >= 0; member--) {
            hostOf[member] = topology.hostOf(member);
            localIndices[member] = topology.localIndex(member);
            firstOf[hostOf[member]] = member;
            if (hostOf[member] == host) {
                this.before.add(member, localIndices[member]);
                this.after.add(member, localIndices[member]);
            }
        }
    }

    @Override
    public void begin(Call call) {
        this.call = call;
        stage = Stage.PACKING;
        packing.clear();
        unpacking.clear();
        meanBytes = 0;
        across.nobody();
        switch (call.kind()) {
            case ALL_REDUCE -> allReduce();
            case REDUCE_SCATTER -> reduceScatter();
            case ALL_GATHER -> allGather();
            case BROADCAST -> broadcast();
            default -> throw new IllegalArgumentException(call.kind() + " goes another way");
        }
    }

    /** Whether this member has a slice. */
    private boolean slicing() {
        return local < layout.slices();
    }

    private void acrossSameIndex() {
        for (int member = 0; member < size; member++) {
            if (localIndices[member] == local) {
                across.add(member, hostOf[member]);
            }
        }
    }

    private ReduceOp summing() {
        return call.op() == ReduceOp.MEAN ? ReduceOp.SUM : call.op();
    }

    private void divideLater(long address, long bytes) {
        meanAddress = address;
        meanBytes = call.op() == ReduceOp.MEAN ? bytes : 0;
    }

    private void allReduce() {
        slices.cut(call.lengthBytes());
        long bytes = slicing() ? slices.bytes(local) : 0;
        long slice = call.outputAddress() + (slicing() ? slices.start(local) : 0);
        cutSlices(before.call().parts());
        before.call().within(OperationKind.REDUCE_SCATTER, call.inputAddress(), slice, call.lengthBytes(), 0);
        before.call().combine(call.dtype(), summing());
        before.begin(rank);
        if (slicing()) {
            acrossSameIndex();
            across.call().within(OperationKind.ALL_REDUCE, slice, slice, bytes, 0);
            across.call().combine(call.dtype(), summing());
            across.begin(rank);
            divideLater(slice, bytes);
        } else {
            across.skip();
        }
        cutSlices(after.call().parts());
        after.call().within(OperationKind.ALL_GATHER, slice, call.outputAddress(), call.lengthBytes(), 0);
        after.begin(rank);
    }

    private void cutSlices(PartTable parts) {
        parts.clear(localMembers);
        for (int i = 0; i < localMembers; i++) {
            parts.add(i < layout.slices() ? slices.bytes(i) : 0);
        }
    }

    private void layOutSlices(PartTable parts) {
        parts.clear(localMembers);
        for (int i = 0; i < localMembers; i++) {
            parts.add(i < layout.slices() ? layout.sliceBytes(i) : 0);
        }
    }

    private void layOutPieces(PartTable parts) {
        parts.clear(hosts);
        for (int each = 0; each < hosts; each++) {
            parts.add(layout.pieceBytes(each, local));
        }
    }

    private void reduceScatter() {
        layout.set(call);
        long staging = scratch.atLeast(call.lengthBytes());
        layout.copy(call.inputAddress(), staging, Direction.PARTS_TO_PIECES, packing);
        long slice = staging + (slicing() ? layout.slicePlace(local) : 0);
        layOutSlices(before.call().parts());
        before.call().within(OperationKind.REDUCE_SCATTER, staging, slice, call.lengthBytes(), 0);
        before.call().combine(call.dtype(), summing());
        before.begin(rank);
        boolean inPlace = layout.piecesAreParts(host);
        long piece = staging + (slicing() ? layout.piecePlace(host, local) : 0);
        if (slicing()) {
            long target = inPlace ? call.outputAddress() : piece;
            acrossSameIndex();
            layOutPieces(across.call().parts());
            across.call().within(OperationKind.REDUCE_SCATTER, slice, target, layout.sliceBytes(local), 0);
            across.call().combine(call.dtype(), summing());
            across.begin(rank);
            divideLater(target, layout.pieceBytes(host, local));
        } else {
            across.skip();
        }
        if (inPlace) {
            after.skip();
        } else {
            rearrange(after, piece, call.outputAddress(), Direction.PIECES_TO_PARTS);
        }
    }

    private void allGather() {
        layout.set(call);
        long staging = scratch.atLeast(call.lengthBytes());
        long piece = staging + (slicing() ? layout.piecePlace(host, local) : 0);
        boolean inPlace = layout.piecesAreParts(host);
        if (inPlace) {
            before.skip();
        } else {
            rearrange(before, call.inputAddress(), piece, Direction.PARTS_TO_PIECES);
        }
        long slice = staging + (slicing() ? layout.slicePlace(local) : 0);
        if (slicing()) {
            acrossSameIndex();
            layOutPieces(across.call().parts());
            across.call()
                    .within(
                            OperationKind.ALL_GATHER,
                            inPlace ? call.inputAddress() : piece,
                            slice,
                            layout.sliceBytes(local),
                            0);
            across.begin(rank);
        } else {
            across.skip();
        }
        layOutSlices(after.call().parts());
        after.call().within(OperationKind.ALL_GATHER, slice, staging, call.lengthBytes(), 0);
        after.begin(rank);
        layout.copy(call.outputAddress(), staging, Direction.PIECES_TO_PARTS, unpacking);
    }

    /** Members of a host exchange what they have of each other's pieces or parts of the host's block. */
    private void rearrange(Phase phase, long source, long target, Direction direction) {
        PartTable out = phase.call().parts();
        PartTable in = phase.call().arrivals();
        out.clear(localMembers);
        in.clear(localMembers);
        for (int peer = 0; peer < localMembers; peer++) {
            long ofMyPart = peer < layout.slices() ? layout.sharedBytes(host, peer, local) : 0;
            long ofMyPiece = slicing() ? layout.sharedBytes(host, local, peer) : 0;
            out.add(direction == Direction.PARTS_TO_PIECES ? ofMyPart : ofMyPiece);
            in.add(direction == Direction.PARTS_TO_PIECES ? ofMyPiece : ofMyPart);
        }
        phase.call().within(OperationKind.ALL_TO_ALL, source, target, 0, 0);
        phase.begin(rank);
    }

    /** The member of a host that the data comes to first. */
    private int receiver(int ofHost) {
        return ofHost == hostOf[call.root()] ? call.root() : firstOf[ofHost];
    }

    private void broadcast() {
        long data = call.outputAddress();
        before.skip();
        if (rank == receiver(host)) {
            for (int each = 0; each < hosts; each++) {
                across.add(receiver(each), each);
            }
            across.call().within(OperationKind.BROADCAST, data, data, call.lengthBytes(), hostOf[call.root()]);
            across.begin(rank);
        } else {
            across.skip();
        }
        after.call().within(OperationKind.BROADCAST, data, data, call.lengthBytes(), localIndices[receiver(host)]);
        after.begin(rank);
    }

    @Override
    public long bytesTo(int peer) {
        return add(add(before.bytesTo(peer), across.bytesTo(peer)), after.bytesTo(peer));
    }

    @Override
    public long bytesFrom(int peer) {
        return add(add(before.bytesFrom(peer), across.bytesFrom(peer)), after.bytesFrom(peer));
    }

    private static long add(long flow, long other) {
        if (flow == NO_FLOW || other == NO_FLOW) {
            return Math.max(flow, other);
        }
        return flow + other;
    }

    @Override
    public long sendable(int peer) {
        return switch (stage) {
            case BEFORE -> before.sendable(peer);
            case ACROSS -> across.sendable(peer);
            case AFTER -> after.sendable(peer);
            default -> 0;
        };
    }

    /** The phase under way; only if bytes of it can move. */
    private Phase phase() {
        return switch (stage) {
            case BEFORE -> before;
            case ACROSS -> across;
            default -> after;
        };
    }

    @Override
    public long source(int peer) {
        return phase().source(peer);
    }

    @Override
    public void sent(int peer, int bytes) {
        phase().sent(peer, bytes);
    }

    @Override
    public boolean accept(int peer, long address, int bytes) {
        return switch (stage) {
            case BEFORE -> before.accept(peer, address, bytes);
            case ACROSS -> across.accept(peer, address, bytes);
            case AFTER -> after.accept(peer, address, bytes);
            default -> false;
        };
    }

    @Override
    public boolean advance() {
        boolean moved = false;
        while (stageIsOver()) {
            stage = stage.next();
            moved = true;
        }
        return work() || moved;
    }

    private boolean stageIsOver() {
        return switch (stage) {
            case PACKING -> packing.complete();
            case BEFORE -> before.over();
            case ACROSS -> across.over();
            case DIVIDING -> meanBytes == 0;
            case AFTER -> after.over();
            case UNPACKING -> unpacking.complete();
            case OVER -> false;
        };
    }

    private boolean work() {
        return switch (stage) {
            case PACKING -> packing.advance();
            case BEFORE -> before.advance();
            case ACROSS -> across.advance();
            case DIVIDING -> divide();
            case AFTER -> after.advance();
            case UNPACKING -> unpacking.advance();
            case OVER -> false;
        };
    }

    private boolean divide() {
        long bytes = Math.min(PIECE_BYTES, meanBytes);
        reductions
                .of(call.dtype(), call.op())
                .finish(meanAddress, bytes / call.dtype().bytes(), size);
        meanAddress += bytes;
        meanBytes -= bytes;
        return true;
    }

    @Override
    public boolean complete() {
        return stage == Stage.OVER;
    }
}
