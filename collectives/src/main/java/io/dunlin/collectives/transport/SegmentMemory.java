package io.dunlin.collectives.transport;

import io.dunlin.collectives.CollectiveException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Segments in files on a tmpfs, one file for each allocation, that every rank of the host maps when it first needs
 * them.
 *
 * <p>A file begins with a page that says whose it is: magic (8 bytes), run (8, hash), generation (4), rank (4), bytes (8).
 * Its room is reserved when it is made, so that a full tmpfs is an error there and not a signal later. A location is the
 * number of the segment (16 bits) and the offset in it (48).
 */
public final class SegmentMemory implements SharedMemory, AutoCloseable {
    private static final long MAGIC = 0x314745534C4E5544L; // "DUNLSEG1"
    private static final int PAGE_BYTES = 4096;
    private static final int OFFSET_BITS = 48;
    private static final int MOST_SEGMENTS = 1 << 15;
    private static final int RESERVE_BYTES = 1 << 20;

    private static final @Nullable MemorySegment[] NONE = new MemorySegment[0];

    private final Path folder;
    private final long run;
    private final int generation;
    private final int rank;
    private final Arena arena = Arena.ofAuto(); // unmapped when nobody holds a segment any more
    private @Nullable MemorySegment[] @Nullable [] peers =
            new MemorySegment[0][]; // [rank][segment]; the communication thread's
    private final AtomicInteger numbers = new AtomicInteger();
    private volatile @Nullable Segment[] own = new Segment[0]; // by number; null while one is being made

    /** Where a segment of this rank is. */
    private static final class Segment {
        private final Path file;
        private final long address;
        private final long bytes;
        private boolean spare; // was given back; guarded by the memory

        Segment(Path file, long address, long bytes) {
            this.file = file;
            this.address = address;
            this.bytes = bytes;
        }
    }

    private SegmentMemory(Path folder, long run, int generation, int rank) {
        this.folder = folder;
        this.run = run;
        this.generation = generation;
        this.rank = rank;
    }

    /**
     * Memory of one rank in one generation; what an earlier process of the rank left is deleted.
     *
     * @param folder on a tmpfs, the same for all ranks of a host
     * @param run hash of the run's name
     */
    public static SegmentMemory in(Path folder, long run, int generation, int rank) {
        try {
            Files.createDirectories(folder);
            try (DirectoryStream<Path> left = Files.newDirectoryStream(folder, "mem-" + rank + "-*")) {
                for (Path file : left) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new SegmentMemory(folder, run, generation, rank);
    }

    private Path file(int ofRank, int number) {
        return folder.resolve("mem-%d-%d-%d".formatted(ofRank, generation, number));
    }

    @Override
    public MemorySegment allocate(long bytes) {
        try {
            return add(bytes);
        } catch (IOException e) {
            throw MachineException.noRoomForTensors(folder, bytes, e);
        }
    }

    /** The slow part, which fills a file with zeros, holds up nobody else. */
    private MemorySegment add(long bytes) throws IOException {
        int number = numbers.getAndIncrement();
        if (number >= MOST_SEGMENTS) {
            throw new IllegalStateException("more than " + MOST_SEGMENTS + " segments");
        }
        Path file = file(rank, number);
        MemorySegment mapped = make(file, (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES);
        publish(number, new Segment(file, mapped.address() + PAGE_BYTES, mapped.byteSize() - PAGE_BYTES));
        return mapped.asSlice(PAGE_BYTES, bytes);
    }

    private synchronized void publish(int number, Segment segment) {
        @Nullable Segment[] more = Arrays.copyOf(own, Math.max(own.length, number + 1));
        more[number] = segment;
        own = more;
    }

    /**
     * The address of memory that was given back, or is new; it is not cleared.
     *
     * @throws CollectiveException {@code DUN-402} if there is not enough room
     */
    long borrow(long bytes) {
        Segment spare = takeSpare(bytes);
        if (spare != null) {
            return spare.address;
        }
        try {
            return add(bytes).address();
        } catch (IOException e) {
            MachineException full = MachineException.noRoomForTensors(folder, bytes, e);
            throw new CollectiveException(
                    full.code(), String.valueOf(full.getMessage()), full.remedy(), full.exitCode());
        }
    }

    /** The smallest segment that was given back and is long enough. */
    private synchronized @Nullable Segment takeSpare(long bytes) {
        Segment smallest = null;
        for (Segment segment : own) {
            boolean fits = segment != null && segment.spare && segment.bytes >= bytes;
            if (fits && (smallest == null || segment.bytes < smallest.bytes)) {
                smallest = segment;
            }
        }
        if (smallest != null) {
            smallest.spare = false;
        }
        return smallest;
    }

    /** Ends the use of what was borrowed. */
    synchronized void giveBack(long address) {
        for (Segment segment : own) {
            if (segment != null && segment.address == address) {
                segment.spare = true;
            }
        }
    }

    private MemorySegment make(Path file, long roundedBytes) throws IOException {
        long fileBytes = PAGE_BYTES + roundedBytes;
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            try {
                reserve(channel, fileBytes);
            } catch (IOException e) {
                delete(file);
                throw e;
            }
            MemorySegment mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, fileBytes, arena);
            mapped.set(ValueLayout.JAVA_LONG, 8, run);
            mapped.set(ValueLayout.JAVA_INT, 16, generation);
            mapped.set(ValueLayout.JAVA_INT, 20, rank);
            mapped.set(ValueLayout.JAVA_LONG, 24, roundedBytes);
            mapped.set(ValueLayout.JAVA_LONG, 0, MAGIC);
            return mapped;
        }
    }

    private static void reserve(FileChannel channel, long bytes) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocateDirect(RESERVE_BYTES);
        for (long at = 0; at < bytes; ) {
            zeros.clear().limit((int) Math.min(RESERVE_BYTES, bytes - at));
            at += channel.write(zeros, at);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public long allocatedBytes() {
        long sum = 0;
        for (Segment segment : own) {
            sum += segment == null ? 0 : segment.bytes;
        }
        return sum;
    }

    @Override
    public long usableBytes() {
        try {
            return Files.getFileStore(folder).getUsableSpace();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** See {@link PeerMemory#locate}; any thread. */
    long locate(long address, long bytes) {
        @Nullable Segment[] segments = own;
        for (int number = 0; number < segments.length; number++) {
            Segment segment = segments[number];
            long offset = segment == null ? -1 : address - segment.address;
            if (segment != null && offset >= 0 && offset + bytes <= segment.bytes) {
                return ((long) number << OFFSET_BITS) | offset;
            }
        }
        return PeerMemory.NOT_SHARED;
    }

    /** See {@link PeerMemory#reach}; the communication thread. */
    long reach(int ofRank, long location, long bytes) {
        int number = (int) (location >>> OFFSET_BITS);
        long offset = location & ((1L << OFFSET_BITS) - 1);
        MemorySegment segment = mapped(ofRank, number);
        if (offset + bytes > segment.byteSize() - PAGE_BYTES) {
            throw CollectiveException.transportFailed(
                    "rank %d offered rank %d memory that it does not have: %d bytes at %d of segment %d, which has %d"
                            .formatted(ofRank, rank, bytes, offset, number, segment.byteSize() - PAGE_BYTES),
                    "check the memory of this host");
        }
        return segment.address() + PAGE_BYTES + offset;
    }

    private MemorySegment mapped(int ofRank, int number) {
        if (ofRank >= peers.length) {
            peers = Arrays.copyOf(peers, ofRank + 1);
        }
        @Nullable MemorySegment[] known = peers[ofRank];
        if (known == null) {
            known = NONE;
        }
        if (number >= known.length) {
            known = Arrays.copyOf(known, number + 1);
            peers[ofRank] = known;
        }
        MemorySegment segment = known[number];
        if (segment == null) {
            segment = map(ofRank, number);
            known[number] = segment;
        }
        return segment;
    }

    private MemorySegment map(int ofRank, int number) {
        Path file = file(ofRank, number);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            MemorySegment mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, channel.size(), arena);
            if (mapped.byteSize() < PAGE_BYTES
                    || mapped.get(ValueLayout.JAVA_LONG, 0) != MAGIC
                    || mapped.get(ValueLayout.JAVA_LONG, 8) != run
                    || mapped.get(ValueLayout.JAVA_INT, 16) != generation
                    || mapped.get(ValueLayout.JAVA_INT, 20) != ofRank
                    || mapped.get(ValueLayout.JAVA_LONG, 24) != mapped.byteSize() - PAGE_BYTES) {
                throw CollectiveException.transportFailed(
                        file + " is not memory of rank " + ofRank, "is another run using the same folder?");
            }
            return mapped;
        } catch (IOException e) {
            throw CollectiveException.transportFailed(
                    "rank %d cannot map %s of rank %d: %s".formatted(rank, file, ofRank, e),
                    "ranks of one host need the same folder in shared memory");
        }
    }

    /** Deletes this rank's files; what is mapped stays as long as somebody uses it. */
    @Override
    public void close() {
        for (Segment segment : own) {
            if (segment != null) {
                delete(segment.file);
            }
        }
    }
}
