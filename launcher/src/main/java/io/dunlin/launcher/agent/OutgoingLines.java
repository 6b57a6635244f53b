package io.dunlin.launcher.agent;

import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** Lines to the standard input of a process, written by a thread of its own: who sends never waits for the reader. */
public final class OutgoingLines implements AutoCloseable {
    private final BlockingQueue<String> waiting = new LinkedBlockingQueue<>();
    private final OutputStream out;
    private final Thread writer;

    /** Lines to {@code out}, which belongs to this from now on. */
    public OutgoingLines(OutputStream out, String threadName) {
        this.out = out;
        this.writer = Thread.ofPlatform().daemon().name(threadName).start(this::write);
    }

    /** Writes a line, some time; nothing if the process has ended. */
    public void send(String line) {
        waiting.add(line);
    }

    private void write() {
        try (Writer text = new OutputStreamWriter(out, StandardCharsets.UTF_8)) {
            while (true) {
                text.write(waiting.take());
                text.write('\n');
                text.flush();
            }
        } catch (IOException e) {
            // The process has closed its input: it is ending, and its end is an event of its own.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends the stream. */
    @Override
    public void close() {
        writer.interrupt();
    }
}
