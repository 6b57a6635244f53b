package io.dunlin.collectives.flight;

import static io.dunlin.collectives.flight.Layout.getInt;
import static io.dunlin.collectives.flight.Layout.getLong;

import io.dunlin.collectives.ReduceOp;
import io.dunlin.collectives.wire.OperationKind;
import io.dunlin.tensor.DType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads what a rank has written down, while it writes or after its end. Used by one thread. */
public final class FlightReader implements AutoCloseable {
    private static final int MOST_GROUPS = 1 << 10;
    private static final int MOST_OPERATIONS = 1 << 24;
    private static final int TRIES = 3;

    private static final DType[] DTYPES = DType.values();
    private static final ReduceOp[] OPS = ReduceOp.values();
    private static final OperationKind[] KINDS = OperationKind.values();
    private static final OperationRecord.State[] STATES = OperationRecord.State.values();
    private static final GroupFlight.State[] GROUP_STATES = GroupFlight.State.values();

    private final Arena arena;
    private final MemorySegment file;
    private final FlightRecorder.Identity identity;
    private final Layout layout;
    private final int groups;
    private final int operations;
    private final long[] stamps; // [section] whose operations were read
    private final long[] settled; // [section] operations before this one were over when they were read

    private FlightReader(Arena arena, MemorySegment file) {
        this.arena = arena;
        this.file = file;
        this.identity = new FlightRecorder.Identity(
                getInt(file, Layout.FILE_RANK),
                getInt(file, Layout.FILE_RANKS),
                getLong(file, Layout.FILE_GENERATION),
                Layout.getText(file, Layout.FILE_HOST, Layout.HOST_BYTES),
                getLong(file, Layout.FILE_PID));
        this.groups = getInt(file, Layout.FILE_GROUPS);
        this.operations = getInt(file, Layout.FILE_OPERATIONS);
        this.layout = new Layout(identity.ranks(), operations);
        this.stamps = new long[groups];
        this.settled = new long[groups];
    }

    /**
     * Opens a file.
     *
     * @throws FlightFileException if it is none
     * @throws UncheckedIOException if it cannot be read
     */
    public static FlightReader open(Path path) {
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long bytes = channel.size();
            if (bytes < Layout.FILE_HEAD_BYTES) {
                throw new FlightFileException(path, "it has only %,d bytes".formatted(bytes));
            }
            MemorySegment file = channel.map(FileChannel.MapMode.READ_ONLY, 0, bytes, arena);
            check(path, file);
            return new FlightReader(arena, file);
        } catch (IOException e) {
            arena.close();
            throw new UncheckedIOException("cannot read " + path, e);
        } catch (FlightFileException e) {
            arena.close();
            throw e;
        }
    }

    private static void check(Path path, MemorySegment file) {
        if (getLong(file, Layout.FILE_MAGIC) != Layout.MAGIC) {
            throw new FlightFileException(path, "it does not begin like one");
        }
        if (getInt(file, Layout.FILE_VERSION) != Layout.VERSION) {
            throw new FlightFileException(
                    path, "it has version %d, not %d".formatted(getInt(file, Layout.FILE_VERSION), Layout.VERSION));
        }
        int ranks = getInt(file, Layout.FILE_RANKS);
        int groups = getInt(file, Layout.FILE_GROUPS);
        int operations = getInt(file, Layout.FILE_OPERATIONS);
        boolean sane = ranks > 0
                && groups > 0
                && groups <= MOST_GROUPS
                && operations > 0
                && operations <= MOST_OPERATIONS
                && file.byteSize() == new Layout(ranks, operations).fileBytes(groups);
        if (!sane) {
            throw new FlightFileException(path, "its length does not fit its head");
        }
    }

    /** All that is there. */
    public Flight read() {
        return read(new long[groups], new long[groups]);
    }

    /** All but the operations that were over when this was last called. */
    public Flight readOn() {
        return read(stamps, settled);
    }

    private Flight read(long[] knownStamps, long[] from) {
        List<GroupFlight> found = new ArrayList<>();
        for (int group = 0; group < groups; group++) {
            long stamp = getLong(file, layout.section(group) + Layout.GROUP_STAMP);
            if (stamp == 0 || (stamp & 1) == 1) {
                continue;
            }
            if (stamp != knownStamps[group]) {
                knownStamps[group] = stamp;
                from[group] = 0;
            }
            Optional<GroupFlight> read = group(layout.section(group), from[group]);
            if (read.isPresent() && Layout.unchanged(file, layout.section(group) + Layout.GROUP_STAMP, stamp)) {
                found.add(read.get());
                from[group] = settled(read.get());
            }
        }
        return new Flight(
                identity, clock(), getLong(file, Layout.FILE_ITERATION), getLong(file, Layout.FILE_UNRECORDED), found);
    }

    private static long settled(GroupFlight group) {
        return group.oldestUnderWay().map(OperationRecord::number).orElse(group.entered());
    }

    private Flight.Clock clock() {
        long stamp;
        long offset;
        long error;
        int tries = 0;
        do {
            stamp = getLong(file, Layout.FILE_CLOCK_STAMP);
            offset = getLong(file, Layout.FILE_CLOCK_OFFSET);
            error = getLong(file, Layout.FILE_CLOCK_ERROR);
            tries++;
        } while (tries < TRIES && ((stamp & 1) == 1 || !Layout.unchanged(file, Layout.FILE_CLOCK_STAMP, stamp)));
        boolean whole = (stamp & 1) == 0 && Layout.unchanged(file, Layout.FILE_CLOCK_STAMP, stamp);
        return new Flight.Clock(
                getLong(file, Layout.FILE_ANCHOR),
                getLong(file, Layout.FILE_ANCHOR_EPOCH),
                whole ? offset : 0,
                whole ? error : Layout.UNKNOWN_ERROR);
    }

    private Optional<GroupFlight> group(long section, long fromOperation) {
        int size = getInt(file, section + Layout.GROUP_SIZE);
        int state = getInt(file, section + Layout.GROUP_STATE);
        if (size < 1 || size > identity.ranks() || state < 0 || state >= GROUP_STATES.length) {
            return Optional.empty();
        }
        List<Integer> ranks = new ArrayList<>();
        List<LinkRecord> links = new ArrayList<>();
        for (int member = 0; member < size; member++) {
            ranks.add(getInt(file, Layout.rank(section, member)));
            links.add(link(layout.link(section, member)));
        }
        long entered = getLong(file, section + Layout.GROUP_ENTERED);
        List<OperationRecord> records = new ArrayList<>();
        int torn = 0;
        for (long number = Math.max(fromOperation, entered - operations); number < entered; number++) {
            Optional<OperationRecord> record = operation(layout.operation(section, number), number);
            record.ifPresent(records::add);
            torn += record.isPresent() ? 0 : 1;
        }
        // One that was being entered when its writer died is counted by nobody yet.
        long next = getLong(file, layout.operation(section, entered));
        torn += next == 2 * entered + 1 ? 1 : 0;
        return Optional.of(new GroupFlight(
                Layout.getText(file, section + Layout.GROUP_NAME, Layout.GROUP_NAME_BYTES),
                ranks,
                getInt(file, section + Layout.GROUP_GENERATION),
                getInt(file, section + Layout.GROUP_OPENING),
                GROUP_STATES[state],
                getLong(file, section + Layout.GROUP_SUBMITTED),
                entered,
                getLong(file, section + Layout.GROUP_PROGRESS),
                getLong(file, section + Layout.GROUP_ALIVE),
                Layout.getText(file, section + Layout.GROUP_FAILURE, Layout.GROUP_FAILURE_BYTES),
                links,
                records,
                torn));
    }

    private LinkRecord link(long at) {
        return new LinkRecord(
                new LinkRecord.Way(
                        getLong(file, at + Layout.LINK_SENT_BYTES),
                        getLong(file, at + Layout.LINK_SENT_FRAMES),
                        getLong(file, at + Layout.LINK_SENT_STALL),
                        getLong(file, at + Layout.LINK_SENT_STALL_MAX),
                        getLong(file, at + Layout.LINK_REFUSED_SINCE)),
                new LinkRecord.Way(
                        getLong(file, at + Layout.LINK_RECEIVED_BYTES),
                        getLong(file, at + Layout.LINK_RECEIVED_FRAMES),
                        getLong(file, at + Layout.LINK_RECEIVED_STALL),
                        getLong(file, at + Layout.LINK_RECEIVED_STALL_MAX),
                        getLong(file, at + Layout.LINK_STARVED_SINCE)),
                getLong(file, at + Layout.LINK_BUSY),
                getLong(file, at + Layout.LINK_BUSY_MAX),
                getLong(file, at + Layout.LINK_LOSSES),
                new LinkRecord.Messages(
                        getLong(file, at + Layout.LINK_SENDING_SINCE),
                        getLong(file, at + Layout.LINK_RECEIVING_SINCE)));
    }

    /** The record, unless it is torn or another has taken its place. */
    private Optional<OperationRecord> operation(long at, long number) {
        long stamp = getLong(file, at);
        if (stamp != 2 * number + 2) {
            return Optional.empty();
        }
        int kind = getInt(file, at + Layout.OPERATION_KIND);
        int state = getInt(file, at + Layout.OPERATION_STATE);
        boolean known = (kind & 0xFF) < KINDS.length
                && (kind >> 8 & 0xFF) < DTYPES.length
                && (kind >> 16 & 0xFF) < OPS.length
                && state >= 0
                && state < STATES.length;
        if (!known) {
            return Optional.empty();
        }
        OperationRecord record = new OperationRecord(
                number,
                new OperationRecord.Called(
                        KINDS[kind & 0xFF],
                        DTYPES[kind >> 8 & 0xFF],
                        OPS[kind >> 16 & 0xFF],
                        kind >>> 24,
                        getLong(file, at + Layout.OPERATION_LENGTH),
                        getLong(file, at + Layout.OPERATION_DETAIL)),
                STATES[state],
                getLong(file, at + Layout.OPERATION_ITERATION),
                times(at),
                traffic(at));
        return Layout.unchanged(file, at, stamp) ? Optional.of(record) : Optional.empty();
    }

    private OperationRecord.Times times(long at) {
        return new OperationRecord.Times(
                getLong(file, at + Layout.OPERATION_READY),
                getLong(file, at + Layout.OPERATION_ENTER),
                getLong(file, at + Layout.OPERATION_FIRST_RECEIVED),
                getLong(file, at + Layout.OPERATION_LAST_RECEIVED),
                getLong(file, at + Layout.OPERATION_LAST_SENT),
                getLong(file, at + Layout.OPERATION_DONE));
    }

    private OperationRecord.Traffic traffic(long at) {
        return new OperationRecord.Traffic(
                getLong(file, at + Layout.OPERATION_SENT),
                getLong(file, at + Layout.OPERATION_RECEIVED),
                getLong(file, at + Layout.OPERATION_SEND_STALL),
                getLong(file, at + Layout.OPERATION_RECEIVE_STALL),
                getLong(file, at + Layout.OPERATION_EXPOSED),
                getInt(file, at + Layout.OPERATION_PREVIOUS),
                getInt(file, at + Layout.OPERATION_NEXT),
                getLong(file, at + Layout.OPERATION_LOSSES));
    }

    /** Whose file it is. */
    public FlightRecorder.Identity identity() {
        return identity;
    }

    @Override
    public void close() {
        arena.close();
    }
}
