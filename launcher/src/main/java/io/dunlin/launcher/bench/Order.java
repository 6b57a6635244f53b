package io.dunlin.launcher.bench;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.dunlin.tensor.DType;
import java.util.List;

/** What all members of a measurement are told to do; one line of JSON each where they are processes. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "order")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Order.Time.class, name = "time"),
    @JsonSubTypes.Type(value = Order.Check.class, name = "check"),
    @JsonSubTypes.Type(value = Order.Copy.class, name = "copy"),
    @JsonSubTypes.Type(value = Order.Ping.class, name = "ping"),
    @JsonSubTypes.Type(value = Order.Flow.class, name = "flow"),
    @JsonSubTypes.Type(value = Order.Leave.class, name = "leave")
})
sealed interface Order {

    /** Call an operation again and again; each answers with the same {@link Answer.Timed}, of the member who took longest. */
    record Time(Call call, int iterations) implements Order {}

    /** Call an operation once and look at every element; each answers with an {@link Answer.Checked}. */
    record Check(Call call, long round) implements Order {}

    /** Copy memory, everybody at once; each answers with an {@link Answer.Copied}. */
    record Copy(long bytes, int iterations) implements Order {}

    /**
     * On each link, send a message and wait for one back, again and again; who is {@code from} on a link answers with an
     * {@link Answer.Timed} of there and back. Nobody has more than one link.
     */
    record Ping(List<Link> links, long bytes, int iterations) implements Order {
        /** Copies the list. */
        public Ping {
            links = List.copyOf(links);
        }
    }

    /**
     * On all links at once, send messages, one after the other; who receives answers with an {@link Answer.Timed} of one
     * message on each of his links.
     */
    record Flow(List<Link> links, long bytes, int iterations) implements Order {
        /** Copies the list. */
        public Flow {
            links = List.copyOf(links);
        }
    }

    /** A direction between two ranks. */
    record Link(int from, int to) {
        Link reversed() {
            return new Link(to, from);
        }
    }

    /** Close everything and end; there is no answer. */
    record Leave() implements Order {}

    /**
     * An operation at a size.
     *
     * @param bytes as the operation counts them
     */
    record Call(CollectiveOp op, long bytes, DType dtype, Place place) {}
}
