//! The rows of each list for people: what is copied into a workflow first.

use pagerduty::directory::{EscalationPolicy, Priority, Role, Row, Service, ServiceStatus, Team, User};
use serde_json::{Value, json};

/// A row that people choose.
pub(crate) trait Choice: Row {
    /// The plural of its name.
    const PLURAL: &'static str;
    /// The heads of the columns.
    const HEADS: &'static [&'static str];

    /// The columns, for people.
    fn columns(&self) -> Vec<String>;

    /// The row, for programs: `value` is what stands in a workflow, `label` what people choose by.
    fn json(&self) -> Value;
}

impl Choice for Service {
    const PLURAL: &'static str = "services";
    const HEADS: &'static [&'static str] = &["ID", "NAME", "STATUS"];

    fn columns(&self) -> Vec<String> {
        let status = match self.status {
            ServiceStatus::InUse => "",
            ServiceStatus::Maintenance => "in maintenance",
            ServiceStatus::Disabled => "disabled, takes no incidents",
        };
        vec![self.id.to_string(), self.name.clone(), status.to_owned()]
    }

    fn json(&self) -> Value {
        let status = match self.status {
            ServiceStatus::InUse => "in_use",
            ServiceStatus::Maintenance => "maintenance",
            ServiceStatus::Disabled => "disabled",
        };
        json!({ "value": self.id, "label": self.name, "status": status })
    }
}

impl Choice for EscalationPolicy {
    const PLURAL: &'static str = "escalation policies";
    const HEADS: &'static [&'static str] = &["ID", "NAME"];

    fn columns(&self) -> Vec<String> {
        vec![self.id.to_string(), self.name.clone()]
    }

    fn json(&self) -> Value {
        json!({ "value": self.id, "label": self.name })
    }
}

impl Choice for User {
    const PLURAL: &'static str = "users";
    const HEADS: &'static [&'static str] = &["E-MAIL", "NAME", "ID", "ROLE"];

    fn columns(&self) -> Vec<String> {
        let role = match &self.role {
            Role::DependsOnTeam(name) => format!("{name}, may respond in some teams only"),
            role => role.name().to_owned(),
        };
        vec![self.email.to_string(), self.name.clone(), self.id.to_string(), role]
    }

    fn json(&self) -> Value {
        json!({
            "value": self.email, "label": self.label(), "id": self.id, "name": self.name, "role": self.role.name(),
            "depends_on_team": matches!(self.role, Role::DependsOnTeam(_)),
        })
    }
}

impl Choice for Priority {
    const PLURAL: &'static str = "priorities";
    const HEADS: &'static [&'static str] = &["ID", "NAME", "DESCRIPTION"];

    fn columns(&self) -> Vec<String> {
        vec![self.id.to_string(), self.name.clone(), self.description.clone()]
    }

    fn json(&self) -> Value {
        json!({ "value": self.id, "label": self.name, "description": self.description })
    }
}

impl Choice for Team {
    const PLURAL: &'static str = "teams";
    const HEADS: &'static [&'static str] = &["ID", "NAME"];

    fn columns(&self) -> Vec<String> {
        vec![self.id.to_string(), self.name.clone()]
    }

    fn json(&self) -> Value {
        json!({ "value": self.id, "label": self.name })
    }
}
