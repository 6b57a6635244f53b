package io.dunlin.launcher.place;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/**
 * POSIX signals. A shutdown hook could not tell a first interrupt from a second, nor finish with an exit status of its
 * own, so the handlers of {@code jdk.unsupported} are used; reflectively, because javac warns of them in a way that
 * nothing turns off.
 */
public final class Signals {
    private Signals() {}

    /**
     * Calls {@code action} on a thread of its own at each arrival of a signal, in place of what the JVM would do.
     *
     * @param name without {@code SIG}: {@code INT}, {@code TERM}, {@code HUP}
     */
    public static void handle(String name, Runnable action) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object proxy = Proxy.newProxyInstance(
                    handler.getClassLoader(), new Class<?>[] {handler}, (self, method, arguments) -> {
                        if (method.getName().equals("handle")) {
                            action.run();
                            return null;
                        }
                        return switch (method.getName()) {
                            case "equals" -> self == arguments[0];
                            case "hashCode" -> System.identityHashCode(self);
                            default -> "handler of SIG" + name;
                        };
                    });
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
        } catch (InvocationTargetException e) {
            throw new IllegalStateException("SIG" + name + " cannot be handled", e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this JVM has no jdk.unsupported module", e);
        }
    }
}
