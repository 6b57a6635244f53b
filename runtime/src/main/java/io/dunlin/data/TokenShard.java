package io.dunlin.data;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.zip.CRC32C;

/**
 * A file of tokens, mapped into memory; of any length.
 *
 * <p>Three kinds are read, told apart by the first rule that fits: (1) ours, made by {@link TokenShardWriter}, by its
 * magic, by the name behind it, or by the magic of its foot, so that one damaged byte does not make it pass for another
 * kind; (2) llm.c's, by its magic 20240520 (version 1, u16) or 20240801 (version 7, u32); (3) nanoGPT's raw u16, which
 * carry no mark, by a name that ends in {@code .bin}, an even length, and a beginning that is not plain text. Kinds 2 and
 * 3 have no checksum: damage inside shows only if a token is outside the vocabulary.
 *
 * <p>Safe for reading by several threads.
 */
public final class TokenShard implements AutoCloseable {
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int START_BYTES = 1024;
    private static final int CHUNK_BYTES = 1 << 20;

    private final Path path;
    private final ShardHeader header;
    private final Arena arena;
    private final MemorySegment tokens;

    private TokenShard(Path path, ShardHeader header, Arena arena, MemorySegment tokens) {
        this.path = path;
        this.header = header;
        this.arena = arena;
        this.tokens = tokens;
    }

    /**
     * Maps a file and checks its head, foot and length, not its tokens: that is {@link #verify}.
     *
     * @throws DataException DUN-602 if it cannot be read, 606 if it is damaged, 607 if its version is unknown, 609 if it
     *     is no token file
     */
    public static TokenShard open(Path path) {
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            long lengthBytes = channel.size();
            byte[] start = read(channel, 0, (int) Math.min(START_BYTES, lengthBytes));
            int endBytes = (int) Math.min(ShardHeader.FOOT_BYTES, lengthBytes);
            byte[] end = read(channel, lengthBytes - endBytes, endBytes);
            ShardHeader header = ShardHeader.parse(path.toString(), start, end, lengthBytes);
            MemorySegment map = channel.map(FileChannel.MapMode.READ_ONLY, 0, lengthBytes, arena);
            MemorySegment tokens = map.asSlice(header.tokensAt(), header.tokens() * header.tokenBytes());
            return new TokenShard(path, header, arena, tokens);
        } catch (IOException e) {
            arena.close();
            throw DataException.unreadable(path.toString(), e);
        } catch (DataException e) {
            arena.close();
            throw e;
        }
    }

    /** Where it lies. */
    public Path path() {
        return path;
    }

    /** Which kind of file it is. */
    public ShardFormat format() {
        return header.format();
    }

    /** How many tokens. */
    public long count() {
        return header.tokens();
    }

    /** Bytes of one token in the file: 2 or 4. */
    public int tokenBytes() {
        return header.tokenBytes();
    }

    /** Length of the file. */
    public long fileBytes() {
        return header.fileBytes();
    }

    /** Every token is below this, if the file says so. */
    public OptionalInt vocabulary() {
        return header.vocabulary() == 0 ? OptionalInt.empty() : OptionalInt.of(header.vocabulary());
    }

    /** {@link Tokenizer#id()} of the tokenizer, if the file says so. */
    public Optional<String> tokenizer() {
        return header.tokenizer().isEmpty() ? Optional.empty() : Optional.of(header.tokenizer());
    }

    /** Token {@code index}; a u32 above 2^31 shows as negative. */
    public int token(long index) {
        return header.tokenBytes() == Short.BYTES
                ? Short.toUnsignedInt(tokens.get(U16, index * Short.BYTES))
                : tokens.get(U32, index * Integer.BYTES);
    }

    /**
     * Copies tokens.
     *
     * @param first of them
     * @param count how many
     * @param to I32 [count]
     * @param vocabulary every token must be below
     * @throws DataException DUN-608 if one is not, DUN-606 if the file has become shorter
     */
    public void read(long first, int count, MemorySegment to, int vocabulary) {
        try {
            for (int i = 0; i < count; i++) {
                int token = token(first + i);
                if (Integer.compareUnsigned(token, vocabulary) >= 0) {
                    throw DataException.tokenOutside(path.toString(), first + i, token, vocabulary);
                }
                to.setAtIndex(ValueLayout.JAVA_INT, i, token);
            }
        } catch (InternalError e) {
            throw shrunk();
        }
    }

    /**
     * Reads all of it: checks that the CRC32C is what the header says, and that each token is in the vocabulary that the
     * header names. Nothing to check in files of other kinds.
     *
     * @throws DataException DUN-606 if the checksum differs, DUN-608 if a token is outside
     */
    public void verify(Progress progress) {
        if (header.format() != ShardFormat.DUNLIN) {
            return;
        }
        ProgressClock clock = new ProgressClock(progress, System::nanoTime);
        CRC32C crc = new CRC32C();
        long outside = -1;
        // Not through the map: a checksum over mapped memory ends the whole process if the file shrinks meanwhile.
        ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            for (long at = 0; at < tokens.byteSize(); at += CHUNK_BYTES) {
                chunk.clear().limit((int) Math.min(CHUNK_BYTES, tokens.byteSize() - at));
                if (!readFully(channel, header.tokensAt() + at, chunk)) {
                    throw shrunk();
                }
                crc.update(chunk.flip());
                if (outside < 0) {
                    outside = firstOutside(chunk.flip(), at / header.tokenBytes());
                }
                clock.at("checking " + path.getFileName(), at, tokens.byteSize());
            }
        } catch (IOException e) {
            throw DataException.unreadable(path.toString(), e);
        }
        if ((int) crc.getValue() != header.checksum()) {
            throw DataException.damagedShard(
                    path.toString(),
                    "CRC32C of its %,d tokens is %08x, the header says %08x"
                            .formatted(count(), (int) crc.getValue(), header.checksum()));
        }
        if (outside >= 0) {
            throw DataException.tokenOutside(path.toString(), outside, token(outside), header.vocabulary());
        }
    }

    /** The number of the first token in {@code chunk} that is not in the header's vocabulary; -1 if all are. */
    private long firstOutside(ByteBuffer chunk, long first) {
        for (int at = 0; at < chunk.limit(); at += header.tokenBytes()) {
            int token = header.tokenBytes() == Short.BYTES ? Short.toUnsignedInt(chunk.getShort(at)) : chunk.getInt(at);
            if (Integer.compareUnsigned(token, header.vocabulary()) >= 0) {
                return first + at / header.tokenBytes();
            }
        }
        return -1;
    }

    @Override
    public void close() {
        arena.close();
    }

    /** A read behind the end of a mapped file surfaces as an internal error of the virtual machine. */
    private DataException shrunk() {
        return DataException.damagedShard(path.toString(), "it became shorter while it was read");
    }

    private static byte[] read(FileChannel channel, long position, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        readFully(channel, position, buffer);
        return buffer.array();
    }

    /** Whether the file had as many bytes as {@code buffer} takes. */
    private static boolean readFully(FileChannel channel, long position, ByteBuffer buffer) throws IOException {
        long at = position;
        while (buffer.hasRemaining()) {
            int read = channel.read(buffer, at);
            if (read < 0) {
                return false;
            }
            at += read;
        }
        return true;
    }
}
