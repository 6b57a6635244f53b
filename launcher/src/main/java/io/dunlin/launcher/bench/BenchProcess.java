package io.dunlin.launcher.bench;

import io.dunlin.error.ExitCode;
import io.dunlin.launcher.place.SharedFolder;
import io.dunlin.launcher.place.Signals;
import io.dunlin.launcher.report.JsonLine;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * The main class of a process of a measurement: reads its {@link CrewSpec}, joins the others, says so, does each
 * {@link Request} and answers it. The end of its standard input means that the command is gone: it leaves at once.
 */
final class BenchProcess {
    private final PrintStream out;
    private final BlockingQueue<Request> requests = new LinkedBlockingQueue<>();

    private BenchProcess(PrintStream out) {
        this.out = out;
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        // A terminal sends its interrupt to all processes in front of it; the command ends this one.
        Signals.handle("INT", () -> {});
        Signals.handle("HUP", () -> {});
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        CrewSpec spec = JsonLine.read(String.valueOf(in.readLine()), CrewSpec.class)
                .orElseThrow(() -> new IllegalStateException("this process is started by dunlin bench"));
        try (SharedFolder folder = SharedFolder.join(spec.folder())) {
            BenchProcess process = new BenchProcess(out);
            Thread.ofPlatform().daemon().name("orders").start(() -> process.listen(in, folder));
            process.run(spec);
        }
    }

    private void listen(BufferedReader in, SharedFolder folder) {
        try {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                JsonLine.read(line, Request.class).ifPresent(requests::add);
            }
        } catch (IOException e) {
            // As good as its end.
        }
        // Nothing can be closed on this way: it might wait for a peer that is gone.
        try {
            folder.leave();
        } finally {
            Runtime.getRuntime().halt(ExitCode.RANK_FAILED.number());
        }
    }

    private void run(CrewSpec spec) throws InterruptedException {
        try (Crew crew = join(spec)) {
            say(Answers.of(new Answer.Joined()));
            for (Request next = requests.take(); !(next.order() instanceof Order.Leave); next = requests.take()) {
                say(crew.tell(next.order(), next.limit()));
            }
        } catch (RuntimeException e) {
            say(Answers.of(Answer.Failed.of(e)));
        }
    }

    /** The one place that knows how a transport is set up. */
    private static Crew join(CrewSpec spec) {
        return switch (spec.transport()) {
            case LOOPBACK -> ThreadCrew.of(spec.ranks(), spec.largestBytes(), spec.table());
            case SHARED -> ConnectedMember.overSharedMemory(spec);
            case IPC -> ConnectedMember.overIpc(spec);
            case UDP -> ConnectedMember.overUdp(spec);
        };
    }

    private void say(Answers answers) {
        out.print(JsonLine.write(answers) + "\n");
        out.flush();
    }
}
