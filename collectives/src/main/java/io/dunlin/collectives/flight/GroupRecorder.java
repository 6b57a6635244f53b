package io.dunlin.collectives.flight;

import static io.dunlin.collectives.flight.Layout.getInt;
import static io.dunlin.collectives.flight.Layout.getLong;
import static io.dunlin.collectives.flight.Layout.putInt;
import static io.dunlin.collectives.flight.Layout.putLong;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.algorithm.Call;
import io.dunlin.collectives.engine.OperationListener;
import java.lang.foreign.MemorySegment;

/** Writes one communicator's section of the file. */
final class GroupRecorder implements OperationListener {
    /** More than may wait in a communicator's queue and be under way together. */
    private static final int AHEAD = 4096;

    private static final int UNDER_WAY = 64;

    private final FlightRecorder recorder;
    private final MemorySegment file;
    private final Layout layout;
    private final int number;
    private final int generation;
    private final long section;
    private final LinkTable links;
    private final long[] readyNs = new long[AHEAD]; // [operation % AHEAD] handed over with the operation
    private final long[] iterations = new long[AHEAD];
    private final long[] sendStallNs = new long[UNDER_WAY]; // [operation % UNDER_WAY] since when; 0 while it moves
    private final long[] receiveStallNs = new long[UNDER_WAY];
    private final long[] lossesBefore = new long[UNDER_WAY];
    private long losses;
    private volatile boolean closed;

    GroupRecorder(FlightRecorder recorder, int number, GroupFlight.Key group) {
        this.recorder = recorder;
        this.file = recorder.file();
        this.layout = recorder.layout();
        this.number = number;
        this.generation = group.generation();
        this.section = layout.section(number);
        moveIn(group);
        this.links = new LinkTable(file, layout, section, group.ranks().size());
    }

    /** Clears the section and writes its head. */
    private void moveIn(GroupFlight.Key group) {
        long stamp = getLong(file, section + Layout.GROUP_STAMP) | 1;
        Layout.beginWriting(file, section + Layout.GROUP_STAMP, stamp);
        file.asSlice(section + Long.BYTES, layout.sectionBytes() - Long.BYTES).fill((byte) 0);
        putInt(file, section + Layout.GROUP_SIZE, group.ranks().size());
        putInt(file, section + Layout.GROUP_GENERATION, generation);
        putInt(file, section + Layout.GROUP_OPENING, group.opening());
        Layout.putText(file, section + Layout.GROUP_NAME, Layout.GROUP_NAME_BYTES, group.name());
        for (int member = 0; member < group.ranks().size(); member++) {
            putInt(file, Layout.rank(section, member), group.ranks().get(member));
        }
        long nowNs = recorder.nowNs();
        putLong(file, section + Layout.GROUP_PROGRESS, nowNs);
        putLong(file, section + Layout.GROUP_ALIVE, nowNs);
        putInt(file, section + Layout.GROUP_STATE, GroupFlight.State.OPEN.ordinal());
        putLong(file, section + Layout.GROUP_STAMP, stamp + 1);
    }

    @Override
    public void submitted(long operation) {
        int slot = (int) (operation % AHEAD);
        readyNs[slot] = recorder.nowNs();
        long iteration = recorder.iteration();
        iterations[slot] = iteration == Flight.NO_ITERATION ? operation : iteration;
        if (!closed) {
            putLong(file, section + Layout.GROUP_SUBMITTED, operation + 1);
        }
    }

    @Override
    public void awaited(long operation, long waitedNs) {
        long at = layout.operation(section, operation);
        if (!closed && getLong(file, at) == stamp(operation)) {
            putLong(file, at + Layout.OPERATION_EXPOSED, waitedNs);
        }
    }

    private static long stamp(long operation) {
        return 2 * operation + 2;
    }

    @Override
    public void entered(long operation, Call call, int algorithm) {
        long nowNs = recorder.nowNs();
        long at = layout.operation(section, operation);
        Layout.beginWriting(file, at, stamp(operation) - 1);
        for (int offset = Long.BYTES; offset < Layout.OPERATION_BYTES; offset += Long.BYTES) {
            putLong(file, at + offset, 0);
        }
        putInt(
                file,
                at + Layout.OPERATION_KIND,
                call.kind().ordinal() | call.dtype().ordinal() << 8 | call.op().ordinal() << 16 | algorithm << 24);
        putInt(file, at + Layout.OPERATION_STATE, OperationRecord.State.UNDER_WAY.ordinal());
        putInt(file, at + Layout.OPERATION_GROUP, number);
        putInt(file, at + Layout.OPERATION_GENERATION, generation);
        putLong(file, at + Layout.OPERATION_LENGTH, call.lengthBytes());
        putLong(file, at + Layout.OPERATION_DETAIL, call.detail());
        putLong(file, at + Layout.OPERATION_ITERATION, iterations[(int) (operation % AHEAD)]);
        putLong(file, at + Layout.OPERATION_READY, readyNs[(int) (operation % AHEAD)]);
        putLong(file, at + Layout.OPERATION_ENTER, nowNs);
        putInt(file, at + Layout.OPERATION_PREVIOUS, Layout.NOBODY);
        putInt(file, at + Layout.OPERATION_NEXT, Layout.NOBODY);
        putLong(file, at, stamp(operation));
        int slot = (int) (operation % UNDER_WAY);
        sendStallNs[slot] = 0;
        receiveStallNs[slot] = 0;
        lossesBefore[slot] = losses;
        putLong(file, section + Layout.GROUP_ENTERED, operation + 1);
        putLong(file, section + Layout.GROUP_PROGRESS, nowNs);
    }

    @Override
    public void sent(long operation, int peer, int bytes) {
        long nowNs = recorder.nowNs();
        links.sent(peer, bytes, nowNs);
        long at = layout.operation(section, operation);
        add(at + Layout.OPERATION_SENT, bytes);
        putLong(file, at + Layout.OPERATION_LAST_SENT, nowNs);
        putInt(file, at + Layout.OPERATION_NEXT, peer);
        endStall(sendStallNs, operation, at + Layout.OPERATION_SEND_STALL, nowNs);
        putLong(file, section + Layout.GROUP_PROGRESS, nowNs);
    }

    @Override
    public void refused(long operation, int peer) {
        boolean news = links.refused(peer);
        if (news || !stalled(sendStallNs, operation)) {
            long nowNs = recorder.nowNs();
            beginStall(sendStallNs, operation, nowNs);
            if (news) {
                links.refusedSince(peer, nowNs);
            }
        }
    }

    @Override
    public void received(long operation, int peer, int bytes) {
        long nowNs = recorder.nowNs();
        links.received(operation, peer, bytes, nowNs);
        long at = layout.operation(section, operation);
        add(at + Layout.OPERATION_RECEIVED, bytes);
        if (getLong(file, at + Layout.OPERATION_FIRST_RECEIVED) == 0) {
            putLong(file, at + Layout.OPERATION_FIRST_RECEIVED, nowNs);
        }
        putLong(file, at + Layout.OPERATION_LAST_RECEIVED, nowNs);
        putInt(file, at + Layout.OPERATION_PREVIOUS, peer);
        endStall(receiveStallNs, operation, at + Layout.OPERATION_RECEIVE_STALL, nowNs);
        putLong(file, section + Layout.GROUP_PROGRESS, nowNs);
    }

    @Override
    public void starved(long operation, int peer) {
        boolean news = links.starved(peer);
        if (news || !stalled(receiveStallNs, operation)) {
            long nowNs = recorder.nowNs();
            beginStall(receiveStallNs, operation, nowNs);
            if (news) {
                links.starvedSince(peer, nowNs);
            }
        }
    }

    /** Asked in every idle cycle: only what is news costs anything. */
    private static boolean stalled(long[] stalls, long operation) {
        return stalls[(int) (operation % UNDER_WAY)] != 0;
    }

    private static void beginStall(long[] stalls, long operation, long nowNs) {
        if (!stalled(stalls, operation)) {
            stalls[(int) (operation % UNDER_WAY)] = nowNs;
        }
    }

    private void endStall(long[] stalls, long operation, long sum, long nowNs) {
        int slot = (int) (operation % UNDER_WAY);
        if (stalls[slot] != 0) {
            add(sum, nowNs - stalls[slot]);
            stalls[slot] = 0;
        }
    }

    @Override
    public void done(long operation) {
        long nowNs = recorder.nowNs();
        long at = layout.operation(section, operation);
        putLong(file, at + Layout.OPERATION_DONE, nowNs);
        putLong(file, at + Layout.OPERATION_LOSSES, losses - lossesBefore[(int) (operation % UNDER_WAY)]);
        putInt(file, at + Layout.OPERATION_STATE, OperationRecord.State.DONE.ordinal());
        putLong(file, section + Layout.GROUP_PROGRESS, nowNs);
    }

    @Override
    public void failed(long operation) {
        long at = layout.operation(section, operation);
        putLong(file, at + Layout.OPERATION_DONE, recorder.nowNs());
        putInt(file, at + Layout.OPERATION_STATE, OperationRecord.State.FAILED.ordinal());
    }

    @Override
    public void sending(int peer, long sinceNs) {
        links.sending(peer, sinceNs);
        putLong(file, section + Layout.GROUP_PROGRESS, recorder.nowNs());
    }

    @Override
    public void receiving(int peer, long sinceNs) {
        links.receiving(peer, sinceNs);
        putLong(file, section + Layout.GROUP_PROGRESS, recorder.nowNs());
    }

    @Override
    public void alive(long nowNs) {
        putLong(file, section + Layout.GROUP_ALIVE, nowNs);
    }

    @Override
    public void losses(int peer, long frames) {
        losses += links.losses(peer, frames);
    }

    @Override
    public void clockMeasured(long offsetNs, long errorNs) {
        recorder.clockMeasured(offsetNs, errorNs);
    }

    @Override
    public void gaveUp(CollectiveException cause) {
        Layout.putText(
                file,
                section + Layout.GROUP_FAILURE,
                Layout.GROUP_FAILURE_BYTES,
                cause.code() + "  " + cause.getMessage());
        putInt(file, section + Layout.GROUP_STATE, GroupFlight.State.FAILED.ordinal());
    }

    @Override
    public void closed() {
        if (getInt(file, section + Layout.GROUP_STATE) == GroupFlight.State.OPEN.ordinal()) {
            putInt(file, section + Layout.GROUP_STATE, GroupFlight.State.CLOSED.ordinal());
        }
        closed = true;
        recorder.left(number);
    }

    private void add(long offset, long value) {
        putLong(file, offset, getLong(file, offset) + value);
    }
}
