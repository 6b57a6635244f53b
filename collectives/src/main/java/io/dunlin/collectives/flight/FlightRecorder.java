package io.dunlin.collectives.flight;

import static io.dunlin.collectives.flight.Layout.putInt;
import static io.dunlin.collectives.flight.Layout.putLong;

import io.dunlin.collectives.Group;
import io.dunlin.collectives.engine.OperationListener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.function.LongSupplier;

/**
 * One rank's flight recorder: a mapped file with the last operations of each of its groups, and counters of each link.
 *
 * <p>What is in the file stays there when the process is killed. Any number of communicators write, each into a section
 * of its own. All room on disk is taken at once, so that a disk that is full later harms nobody.
 */
public final class FlightRecorder implements AutoCloseable {
    /** Groups that can be recorded at once. */
    static final int GROUPS = 8;

    private static final int ZEROS_BYTES = 1 << 16;
    private static final int ANCHOR_TRIES = 8;

    private final Layout layout;
    private final Arena arena;
    private final MemorySegment file;
    private final LongSupplier clockNs;
    private final long[] openedAs = new long[GROUPS]; // [section] in this order, 0 if never
    private final boolean[] inUse = new boolean[GROUPS]; // [section]
    private long opened;
    private volatile long iteration = Flight.NO_ITERATION;

    /**
     * Whose recorder it is.
     *
     * @param rank global rank
     * @param ranks in the world
     * @param generation of the world
     * @param host for people; ranks with the same host share a clock
     * @param pid process
     */
    public record Identity(int rank, int ranks, long generation, String host, long pid) {}

    private FlightRecorder(Layout layout, Arena arena, MemorySegment file, LongSupplier clockNs) {
        this.layout = layout;
        this.arena = arena;
        this.file = file;
        this.clockNs = clockNs;
    }

    /** The name of a rank's file. */
    public static String fileName(int rank) {
        return "rank-%05d.flight".formatted(rank);
    }

    /**
     * Makes the file, in place of an earlier one.
     *
     * @param operations kept for each group
     * @param clockNs the clock of all times, the same as the engine's
     * @param wall the time of day
     * @throws UncheckedIOException if it cannot be written in full
     */
    public static FlightRecorder create(
            Path path, Identity identity, int operations, LongSupplier clockNs, InstantSource wall) {
        Layout layout = new Layout(identity.ranks(), operations);
        Arena arena = Arena.ofShared();
        Path draft = path.resolveSibling(path.getFileName() + ".new");
        try {
            Files.createDirectories(path.toAbsolutePath().getParent());
            MemorySegment file = map(draft, layout.fileBytes(GROUPS), arena);
            writeHead(file, identity, operations);
            writeAnchor(file, clockNs, wall);
            Files.move(draft, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return new FlightRecorder(layout, arena, file, clockNs);
        } catch (IOException e) {
            arena.close();
            throw new UncheckedIOException("no flight recorder in " + path, withoutDraft(draft, e));
        }
    }

    /** What a full disk took of it would be missing for more important things. */
    private static IOException withoutDraft(Path draft, IOException cause) {
        try {
            Files.deleteIfExists(draft);
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
        return cause;
    }

    /** Zeros are written rather than implied: a hole that finds the disk full would end the process. */
    private static MemorySegment map(Path path, long bytes, Arena arena) throws IOException {
        try (FileChannel channel = FileChannel.open(
                path,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
            ByteBuffer zeros = ByteBuffer.allocateDirect(ZEROS_BYTES);
            for (long at = 0; at < bytes; ) {
                zeros.clear().limit((int) Math.min(ZEROS_BYTES, bytes - at));
                at += channel.write(zeros, at);
            }
            MemorySegment file = channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
            file.load();
            return file;
        }
    }

    private static void writeHead(MemorySegment file, Identity identity, int operations) {
        putInt(file, Layout.FILE_VERSION, Layout.VERSION);
        putInt(file, Layout.FILE_RANK, identity.rank());
        putInt(file, Layout.FILE_RANKS, identity.ranks());
        putInt(file, Layout.FILE_GROUPS, GROUPS);
        putInt(file, Layout.FILE_OPERATIONS, operations);
        putLong(file, Layout.FILE_PID, identity.pid());
        putLong(file, Layout.FILE_GENERATION, identity.generation());
        putLong(file, Layout.FILE_CLOCK_ERROR, identity.rank() == 0 ? 0 : Layout.UNKNOWN_ERROR);
        putLong(file, Layout.FILE_ITERATION, Flight.NO_ITERATION);
        Layout.putText(file, Layout.FILE_HOST, Layout.HOST_BYTES, identity.host());
        putLong(file, Layout.FILE_MAGIC, Layout.MAGIC);
    }

    /** The pair that was read in the shortest time. */
    private static void writeAnchor(MemorySegment file, LongSupplier clockNs, InstantSource wall) {
        long shortest = Long.MAX_VALUE;
        for (int i = 0; i < ANCHOR_TRIES; i++) {
            long before = clockNs.getAsLong();
            Instant now = wall.instant();
            long took = clockNs.getAsLong() - before;
            if (took < shortest) {
                shortest = took;
                putLong(file, Layout.FILE_ANCHOR, before + took / 2);
                putLong(file, Layout.FILE_ANCHOR_EPOCH, ChronoUnit.NANOS.between(Instant.EPOCH, now));
            }
        }
    }

    /**
     * A listener that writes down what the communicator of {@code group} does, until it is closed; {@link
     * OperationListener#NONE} while all sections are in use.
     *
     * @param opening how often the group has been opened in this generation, now included
     */
    public synchronized OperationListener follow(Group group, int generation, int opening) {
        int chosen = Layout.NOBODY;
        for (int section = 0; section < GROUPS; section++) {
            if (!inUse[section] && (chosen == Layout.NOBODY || openedAs[section] < openedAs[chosen])) {
                chosen = section;
            }
        }
        if (chosen == Layout.NOBODY) {
            putLong(file, Layout.FILE_UNRECORDED, Layout.getLong(file, Layout.FILE_UNRECORDED) + 1);
            return OperationListener.NONE;
        }
        openedAs[chosen] = ++opened;
        inUse[chosen] = true;
        return new GroupRecorder(this, chosen, new GroupFlight.Key(group.name(), group.ranks(), generation, opening));
    }

    /** A communicator writes no more; its section stays until it is needed. */
    synchronized void left(int section) {
        inUse[section] = false;
    }

    /** From now on operations are part of iteration {@code number}; called by the thread that calls them. */
    public void iteration(long number) {
        iteration = number;
        putLong(file, Layout.FILE_ITERATION, number);
    }

    long iteration() {
        return iteration;
    }

    /** Times of this clock, plus {@code offsetNs}, are those of rank 0's; any communicator of this rank may find out. */
    synchronized void clockMeasured(long offsetNs, long errorNs) {
        long stamp = Layout.getLong(file, Layout.FILE_CLOCK_STAMP);
        Layout.beginWriting(file, Layout.FILE_CLOCK_STAMP, stamp + 1);
        putLong(file, Layout.FILE_CLOCK_OFFSET, offsetNs);
        putLong(file, Layout.FILE_CLOCK_ERROR, errorNs);
        putLong(file, Layout.FILE_CLOCK_STAMP, stamp + 2);
    }

    Layout layout() {
        return layout;
    }

    MemorySegment file() {
        return file;
    }

    long nowNs() {
        return clockNs.getAsLong();
    }

    /** Unmaps the file, which stays; only when all communicators that it follows are closed. */
    @Override
    public void close() {
        arena.close();
    }
}
