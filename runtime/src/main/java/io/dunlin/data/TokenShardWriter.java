package io.dunlin.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * Writes a token file. It appears under its name only when {@link #finish} has brought all of it to the disk; until then
 * it is a neighbour whose name ends in {@code .tmp}, which {@link #close} removes.
 *
 * <p>Not safe for use by several threads.
 */
public final class TokenShardWriter implements AutoCloseable {
    private static final int BUFFER_BYTES = 1 << 20;

    private final Path target;
    private final Path unfinished;
    private final Tokenizer tokenizer;
    private final FileChannel channel;
    private final int tokenBytes;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private CRC32C checksum = new CRC32C();
    private long tokens;
    private boolean finished;

    private TokenShardWriter(Path target, Path unfinished, Tokenizer tokenizer, FileChannel channel) {
        this.target = target;
        this.unfinished = unfinished;
        this.tokenizer = tokenizer;
        this.channel = channel;
        this.tokenBytes = ShardHeader.of(tokenizer, 0, 0).tokenBytes();
    }

    /**
     * Begins a file.
     *
     * @param target its name once it is complete; replaced if it exists
     * @param tokenizer which the tokens are of
     * @throws DataException DUN-610 if it cannot be created
     */
    public static TokenShardWriter create(Path target, Tokenizer tokenizer) {
        Path unfinished = target.resolveSibling("%s.%d-%x.tmp"
                .formatted(target.getFileName(), ProcessHandle.current().pid(), System.nanoTime()));
        try {
            FileChannel channel = FileChannel.open(
                    unfinished, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
            TokenShardWriter writer = new TokenShardWriter(target, unfinished, tokenizer, channel);
            channel.position(ShardHeader.LENGTH_BYTES);
            return writer;
        } catch (IOException e) {
            throw DataException.unwritable(unfinished.toString(), e);
        }
    }

    /** Tokens written so far. */
    public long tokens() {
        return tokens;
    }

    /**
     * Appends tokens.
     *
     * @throws DataException DUN-608 if one is not in the vocabulary, DUN-610 if the disk does not take them
     */
    public void write(int... more) {
        for (int token : more) {
            if (Integer.compareUnsigned(token, tokenizer.vocabulary()) >= 0) {
                throw DataException.tokenOutside(target.toString(), tokens, token, tokenizer.vocabulary());
            }
            if (buffer.remaining() < tokenBytes) {
                flush();
            }
            if (tokenBytes == Short.BYTES) {
                buffer.putShort((short) token);
            } else {
                buffer.putInt(token);
            }
            tokens++;
        }
    }

    /**
     * Moves the last tokens to the end of another file of the same tokenizer.
     *
     * @param count how many
     * @param other not yet finished
     * @throws DataException DUN-610 if the disk fails
     */
    public void moveTail(long count, TokenShardWriter other) {
        if (count < 0 || count > tokens || other.tokenBytes != tokenBytes) {
            throw new IllegalArgumentException("%,d of %,d tokens to %s".formatted(count, tokens, other.target));
        }
        flush();
        long keptBytes = (tokens - count) * tokenBytes;
        try {
            scan(keptBytes, count * tokenBytes, other::append);
            channel.truncate(ShardHeader.LENGTH_BYTES + keptBytes);
            channel.position(ShardHeader.LENGTH_BYTES + keptBytes);
            other.tokens += count;
            tokens -= count;
            CRC32C kept = new CRC32C();
            scan(0, keptBytes, kept::update);
            checksum = kept;
        } catch (IOException e) {
            throw DataException.unwritable(unfinished.toString(), e);
        }
    }

    /**
     * Completes the file: head, foot, all of it on the disk, its final name.
     *
     * @throws DataException DUN-610 if the disk fails; nothing is left under the final name
     */
    public Path finish() {
        flush();
        ShardHeader header = ShardHeader.of(tokenizer, tokens, (int) checksum.getValue());
        try {
            writeFully(header.foot());
            channel.position(0);
            writeFully(header.head());
            channel.force(true);
            channel.close();
            Files.move(unfinished, target, StandardCopyOption.ATOMIC_MOVE);
            finished = true;
            Folders.force(Folders.of(target));
            return target;
        } catch (IOException e) {
            throw DataException.unwritable(target.toString(), e);
        }
    }

    /** Removes what is unfinished. */
    @Override
    public void close() {
        if (finished) {
            return;
        }
        try (channel) {
            Files.deleteIfExists(unfinished);
        } catch (IOException e) {
            throw DataException.unwritable(unfinished.toString(), e);
        }
    }

    /** Appends encoded tokens, without counting them. */
    private void append(ByteBuffer bytes) throws IOException {
        flush();
        checksum.update(bytes.duplicate());
        writeFully(bytes);
    }

    private void flush() {
        buffer.flip();
        checksum.update(buffer.duplicate());
        try {
            writeFully(buffer);
        } catch (IOException e) {
            throw DataException.unwritable(unfinished.toString(), e);
        }
        buffer.clear();
    }

    private void writeFully(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private interface Sink {
        void accept(ByteBuffer bytes) throws IOException;
    }

    /** Hands over {@code length} bytes of tokens from byte {@code from} on. */
    private void scan(long from, long length, Sink sink) throws IOException {
        ByteBuffer chunk = ByteBuffer.allocateDirect(BUFFER_BYTES);
        long done = 0;
        while (done < length) {
            chunk.clear().limit((int) Math.min(chunk.capacity(), length - done));
            while (chunk.hasRemaining()) {
                if (channel.read(chunk, ShardHeader.LENGTH_BYTES + from + done + chunk.position()) < 0) {
                    throw new IOException("the file became shorter while it was written");
                }
            }
            done += chunk.flip().remaining();
            sink.accept(chunk);
        }
    }
}
